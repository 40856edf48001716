import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { listenOnLoopback } from "./loopback.ts";

export type Revision = "2025-11-25" | "2026-07-28";

export interface Report {
  /** 0 where every scored scenario passes that the baseline does not name, and none passes that it does. */
  exitCode: number | null;
  /** What the revision requires, in the suite's order. */
  scored: Outcome[];
  /** What the suite runs without counting: extensions, and scenarios that its own fixture does not pass. */
  notScored: Outcome[];
  output: string;
}

/** One scenario, as the suite saw it. */
export interface Outcome {
  scenario: string;
  /** How many checks succeeded. */
  passed: number;
  /** `check id: what was wrong`; none where the scenario passes. A warning is a failure too, as it is to a baseline. */
  failures: string[];
}

interface Check {
  id: string;
  status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  errorMessage?: string;
}

const suite = new URL("./", import.meta.resolve("@modelcontextprotocol/conformance/package.json"));
const runMsMax = 90_000;

/**
 * Runs the scenarios that a revision requires of a server, at that revision's wire version.
 * @param baseline the file of failures that are expected
 */
export async function runServerScenarios(url: URL, revision: Revision, baseline?: string): Promise<Report> {
  await using results = await mkdtempDisposable(join(tmpdir(), "conformance-"));
  const args = ["--url", url.href, "--requirements", revision, "--output-dir", results.path];
  if (baseline) args.push("--expected-failures", baseline);
  const { exitCode, output } = await runSuite(["server", ...args]);
  const outcomes = await readOutcomes(results.path, "server-");
  const required = await requiredScenarios(revision);
  return {
    exitCode,
    output,
    scored: required.map((name) => outcomes.find(({ scenario }) => scenario === name) ?? didNotEnd(name)),
    notScored: outcomes.filter(({ scenario }) => !required.includes(scenario)),
  };
}

export interface ClientScenario {
  scenario: string;
  revision: Revision;
  /** What the suite runs, with the URL of its server as the last argument. */
  command: string;
}

/** Runs a scenario for a client. */
export async function runClientScenario({ scenario, revision, command }: ClientScenario): Promise<Outcome> {
  await using results = await mkdtempDisposable(join(tmpdir(), "conformance-"));
  const args = ["--scenario", scenario, "--spec-version", revision, "--output-dir", results.path];
  await runSuite(["client", "--command", command, ...args]);
  const [outcome] = await readOutcomes(results.path, "");
  return outcome ? { ...outcome, scenario } : didNotEnd(scenario);
}

export interface AuthorizationScenarios {
  issuer: string;
  /** A public client whose redirect URI is `http://127.0.0.1/callback`, on any port. */
  clientId: string;
  resource: URL;
  /** Does what a person does in a browser that is sent to this URL, up to the page at the redirect URI. */
  visit: (authorizationUrl: URL) => Promise<void>;
}

/** Runs the scenarios for an authorization server. */
export async function runAuthorizationScenarios(options: AuthorizationScenarios): Promise<Outcome[]> {
  const { issuer, clientId, resource, visit } = options;
  await using results = await mkdtempDisposable(join(tmpdir(), "conformance-"));
  const port = await unusedPort();
  const client = ["--client-id", clientId, "--resource", resource.href, "--port", String(port)];
  const args = ["authorization", "--url", issuer, ...client, "--output-dir", results.path];
  await runSuite(args, async (line) => {
    if (line.includes("code_challenge=")) await visit(new URL(line));
  });
  return readOutcomes(results.path, "authorization-server-");
}

async function unusedPort(): Promise<number> {
  await using loopback = await listenOnLoopback(() => {});
  return Number(new URL(loopback.origin).port);
}

async function runSuite(args: string[], onLine?: (line: string) => Promise<void>) {
  const program = fileURLToPath(new URL("dist/index.js", suite));
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: runMsMax });
  const closed = once(child, "close");
  const complaints = text(child.stderr);
  const lines: string[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      await onLine?.(line);
    }
  } catch (error) {
    child.kill();
    throw error;
  }
  const [exitCode]: (number | null)[] = await closed;
  return { exitCode: exitCode ?? null, output: lines.join("\n") + (await complaints) };
}

/** The suite leaves a folder for each scenario, named after it and the time; an empty one where the scenario threw. */
async function readOutcomes(folder: string, prefix: string): Promise<Outcome[]> {
  const names = await readdir(folder);
  return Promise.all(
    names.sort().map(async (name) => {
      const scenario = name.slice(prefix.length).replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "");
      const checks = await readFile(join(folder, name, "checks.json"), "utf8").catch(() => null);
      return checks === null ? didNotEnd(scenario) : toOutcome(scenario, JSON.parse(checks));
    }),
  );
}

function toOutcome(scenario: string, checks: Check[]): Outcome {
  return {
    scenario,
    passed: checks.filter(({ status }) => status === "SUCCESS").length,
    failures: checks
      .filter(({ status }) => status === "FAILURE" || status === "WARNING")
      .map(({ id, errorMessage = "no reason given" }) => `${id}: ${errorMessage}`),
  };
}

function didNotEnd(scenario: string): Outcome {
  return { scenario, passed: 0, failures: ["did not run to its end"] };
}

async function requiredScenarios(revision: Revision): Promise<string[]> {
  const requirements = await readFile(new URL(`requirements/${revision}.yaml`, suite), "utf8");
  return parse(requirements).server;
}
