import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

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

export interface Outcome {
  scenario: string;
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
  const outcomes = await readOutcomes(results.path);
  const required = await requiredScenarios(revision);
  return {
    exitCode,
    output,
    scored: required.map((scenario) => outcomes.get(scenario) ?? { scenario, failures: ["did not run to its end"] }),
    notScored: [...outcomes.values()].filter(({ scenario }) => !required.includes(scenario)),
  };
}

async function runSuite(args: string[]): Promise<{ exitCode: number | null; output: string }> {
  const child = startSuite(args);
  const [output, complaints, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { exitCode, output: output + complaints };
}

function startSuite(args: string[]) {
  const program = fileURLToPath(new URL("dist/index.js", suite));
  return spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: runMsMax });
}

/** The suite leaves a folder for each scenario, named after it and the time. */
async function readOutcomes(folder: string): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (const name of await readdir(folder)) {
    const scenario = name.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "");
    const checks: Check[] = JSON.parse(await readFile(join(folder, name, "checks.json"), "utf8"));
    outcomes.set(scenario, { scenario, failures: checks.filter(isFailure).map(describeCheck) });
  }
  return outcomes;
}

function isFailure({ status }: Check): boolean {
  return status === "FAILURE" || status === "WARNING";
}

function describeCheck({ id, errorMessage = "no reason given" }: Check): string {
  return `${id}: ${errorMessage}`;
}

async function requiredScenarios(revision: Revision): Promise<string[]> {
  const requirements = await readFile(new URL(`requirements/${revision}.yaml`, suite), "utf8");
  return parse(requirements).server;
}
