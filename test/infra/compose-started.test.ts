import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { createDatabase, dropDatabase } from "@gatehouse/store/databases";
import { databaseUrl, freePort, masterKey } from "@gatehouse/testing/services";
import { expect, inject, test } from "vitest";
import { interpolate, OPTIONAL_SECRETS, ours, ROOT, readImage, type Service } from "./compose.ts";

const { postgresUrl, redisUrl } = inject("services");
const image = await readImage();

interface Started {
  name: string;
  child: ChildProcess;
  ended: Promise<unknown[]>;
}

/** Where the services are that the file's addresses lead to. */
interface Places {
  secrets: string;
  database: string;
  ports: Record<string, number>;
  metricsPorts: Record<string, number>;
}

/** The image's environment and the file's, with the addresses of this machine in place of theirs. */
function environmentOf(
  name: string,
  { environment = {} }: Service,
  { secrets, database, ports, metricsPorts }: Places,
) {
  const given = Object.entries({ ...image.env, ...environment }).map(([variable, value]) => [
    variable,
    interpolate(value)
      .replace("/run/secrets", secrets)
      .replace("file:///heads", `file://${secrets}`)
      .replace("postgres://postgres@postgres:5432/gatehouse", postgresAs(new URL(postgresUrl).username, database))
      .replace("postgres://postgres:5432/gatehouse", postgresAs("", database))
      .replace("redis://redis:6379", redisUrl)
      .replace("http://auth:8080", `http://127.0.0.1:${ports.auth}`),
  ]);
  const own = { PORT: String(ports[name]), METRICS_PORT: String(metricsPorts[name]), OTEL_SDK_DISABLED: "true" };
  return { PATH: process.env.PATH, ...Object.fromEntries(given), GATEHOUSE_DATA_DIR: secrets, ...own };
}

function postgresAs(username: string, database: string): string {
  const url = new URL(databaseUrl(postgresUrl, database));
  return Object.assign(url, { username, password: "" }).href;
}

async function writeSecrets(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-secrets-"));
  const secrets = {
    "master-key": masterKey.toString("base64"),
    "postgres-password": decodeURIComponent(new URL(postgresUrl).password),
    "owner-password": "correct horse battery",
    ...Object.fromEntries(OPTIONAL_SECRETS.map((name) => [name, ""])),
  };
  for (const [name, secret] of Object.entries(secrets)) await writeFile(join(directory, name), `${secret}\n`);
  return directory;
}

async function choosePorts(): Promise<Record<string, number>> {
  const ports = ours.map(async ([name]) => [name, await freePort()] as const);
  return Object.fromEntries(await Promise.all(ports));
}

function run([program, ...args]: string[], env: NodeJS.ProcessEnv): ChildProcess & { output: () => string } {
  const child = spawn(program === "node" ? process.execPath : program!, args, { cwd: ROOT, env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  return Object.assign(child, { output: () => output });
}

/** Asks as often as Docker does, until it is well. */
async function untilHealthy(env: NodeJS.ProcessEnv): Promise<void> {
  for (;;) {
    const [code] = await once(run(image.health, env), "exit");
    if (code === 0) return;
    await after(200);
  }
}

test("each of our services starts by the file's own command and environment, is well by its own health check, says what it measures, and stops", async () => {
  const database = `compose_${randomBytes(6).toString("hex")}`;
  await createDatabase(postgresUrl, database);
  const places = {
    database,
    secrets: await writeSecrets(),
    ports: await choosePorts(),
    metricsPorts: await choosePorts(),
  };
  const start = ([name, service]: [string, Service]) => {
    const env = environmentOf(name, service, places);
    return { name, env, child: run([...image.entrypoint, ...service.command!], env) };
  };
  try {
    const migration = start(ours.find(([name]) => name === "migrate")!);
    const [code] = await once(migration.child, "exit");
    expect(code, migration.child.output()).toBe(0);

    const started: Started[] = [];
    try {
      for (const service of ours.filter(([name]) => name !== "migrate")) {
        const { name, env, child } = start(service);
        const ended = once(child, "exit");
        started.push({ name, child, ended });
        await Promise.race([untilHealthy(env), ended.then(() => Promise.reject(new Error(child.output())))]);
      }
      for (const { name } of started) {
        const answer = await fetch(`http://127.0.0.1:${places.metricsPorts[name]}/metrics`);
        expect(await answer.text()).toContain("process_resident_memory_bytes");
      }
    } finally {
      for (const { child } of started) child.kill("SIGTERM");
    }
    const codes = await Promise.all(started.map(({ ended }) => ended));
    expect(codes.map(([code]) => code)).toEqual([0, 0, 0, 0]);
  } finally {
    await dropDatabase(postgresUrl, database);
    await rm(places.secrets, { recursive: true });
  }
}, 60_000);
