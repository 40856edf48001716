import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { openDatabaseAsOwner } from "@gatehouse/store/database";
import { cloneDatabase } from "@gatehouse/testing/database";
import { sql } from "kysely";
import { expect, inject, test } from "vitest";
import { gatehouse, printed, temporaryDirectory } from "./command.ts";

const NOBODY = { uid: 65_534, gid: 65_534 };
const MASTER_KEY = Buffer.alloc(32, "test").toString("base64");
const READY = "Ctrl-C ends it";

/** What it says when it fails, having failed. */
async function failureOf(
  args: string[],
  environment: Record<string, string>,
  account?: typeof NOBODY,
): Promise<string> {
  await using command = gatehouse(args, { environment, account });
  expect(await command.ended).toBe(1);
  return command.output().trim();
}

test("a port that is taken is named", async () => {
  await using directory = await temporaryDirectory();
  await using taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const failure = await failureOf(["up"], { GATEHOUSE_DATA_DIR: directory.path, PORT: String(port) });
  expect(failure).toBe(`Port ${port} is taken by another process. Stop that, or choose another with PORT.`);
});

test("an address that this machine does not have is named", async () => {
  await using directory = await temporaryDirectory();
  const failure = await failureOf(["up"], { GATEHOUSE_DATA_DIR: directory.path, HOST: "192.0.2.1" });
  expect(failure).toBe("HOST is 192.0.2.1, which is no address of this machine.");
});

test("a data directory that cannot be made says why", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "file");
  await writeFile(file, "");
  const data = join(file, "data");
  expect(await failureOf(["up"], { GATEHOUSE_DATA_DIR: data })).toBe(
    `The data directory ${data} cannot be written: a part of the path is a file. Choose another with GATEHOUSE_DATA_DIR.`,
  );
  expect(await failureOf(["up"], { GATEHOUSE_DATA_DIR: file })).toBe(
    `The data directory ${file} cannot be written: it is a file. Choose another with GATEHOUSE_DATA_DIR.`,
  );
});

test("a data directory that belongs to another user says so", async () => {
  await using directory = await temporaryDirectory();
  const data = join(directory.path, "data");
  await mkdir(data, { mode: 0o755 });
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) await chmod(data, 0o555);
  const failure = await failureOf(["up"], { GATEHOUSE_DATA_DIR: data }, isRoot ? NOBODY : undefined);
  expect(failure).toBe(
    `The data directory ${data} cannot be written: permission denied. Choose another with GATEHOUSE_DATA_DIR.`,
  );
});

test("every wrong variable is named at once", async () => {
  const failure = await failureOf(["up"], {
    PORT: "eighty",
    PUBLIC_URL: "https://gate.example.com/path",
    DATABASE_URL: "mysql://localhost/gatehouse",
    REDIS_URL: "localhost",
    GATEHOUSE_OWNER_EMAIL: "nobody",
    GATEHOUSE_OWNER_PASSWORD: "short",
    GATEHOUSE_MASTER_KEY: "c2hvcnQ=",
    GATEHOUSE_EGRESS_ALLOW: "10.0.0.1:80, http://inner",
    GATEHOUSE_ISSUER_CONNECT_URL: "auth:8080",
    GATEHOUSE_LOG_LEVEL: "loud",
  });
  expect(failure.split("\n")).toHaveLength(1);
  expect(failure.split("; ").map((sentence) => sentence.split(" ")[0])).toEqual([
    ...["PORT", "PUBLIC_URL", "DATABASE_URL", "REDIS_URL", "GATEHOUSE_OWNER_EMAIL", "GATEHOUSE_OWNER_PASSWORD"],
    ...["GATEHOUSE_MASTER_KEY", "GATEHOUSE_EGRESS_ALLOW", "GATEHOUSE_ISSUER_CONNECT_URL", "GATEHOUSE_LOG_LEVEL"],
  ]);
  for (const secret of ["short", "c2hvcnQ="]) expect(failure).not.toContain(secret);
});

test("on a public address nothing is made up that must be kept or known", async () => {
  await using directory = await temporaryDirectory();
  const environment = { GATEHOUSE_DATA_DIR: directory.path, PUBLIC_URL: "https://gate.example.com" };
  expect(await failureOf(["up"], environment)).toMatch(/^GATEHOUSE_MASTER_KEY must be given where PUBLIC_URL is not/);
  const failure = await failureOf(["up"], { ...environment, GATEHOUSE_MASTER_KEY: MASTER_KEY });
  expect(failure).toMatch(/GATEHOUSE_OWNER_EMAIL and GATEHOUSE_OWNER_PASSWORD must be given for the first start/);
});

test("a public address without TLS is refused", async () => {
  const failure = await failureOf(["up"], { PUBLIC_URL: "http://gate.example.com", GATEHOUSE_MASTER_KEY: MASTER_KEY });
  expect(failure).toMatch(/^PUBLIC_URL must be https where it is not on localhost/);
});

test("a command that there is not leads to those that there are", async () => {
  expect(await failureOf(["serve", "everything"], {})).toMatch(/Allowed choices are auth, gateway, dashboard/);
});

test("a database that does not answer is named without its password", async () => {
  await using refused = createServer().listen(0, "127.0.0.1");
  await once(refused, "listening");
  const { port } = refused.address() as { port: number };
  await new Promise((closed) => refused.close(closed));
  const environment = { DATABASE_URL: `postgres://user:hunter2hunter2@127.0.0.1:${port}/gatehouse` };
  for (const args of [["up"], ["migrate"], ["serve", "auth"]]) {
    expect(await failureOf(args, { ...environment, GATEHOUSE_MASTER_KEY: MASTER_KEY })).toBe(
      `Postgres at 127.0.0.1:${port} cannot be reached: it refuses connections (DATABASE_URL).`,
    );
  }
});

test("a host that does not exist is named", async () => {
  const DATABASE_URL = "postgres://user:hunter2hunter2@db.invalid/gatehouse";
  expect(await failureOf(["up"], { DATABASE_URL, GATEHOUSE_MASTER_KEY: MASTER_KEY })).toBe(
    "Postgres at db.invalid:5432 cannot be reached: there is no host of that name (DATABASE_URL).",
  );
});

test("a wrong password, and a database that is not there, are told apart", async () => {
  const url = new URL(inject("services").postgresUrl);
  url.password = "hunter2hunter2";
  const wrong = await failureOf(["up"], { DATABASE_URL: url.href, GATEHOUSE_MASTER_KEY: MASTER_KEY });
  expect(wrong).toMatch(/^Postgres at \S+ refuses the user or the password of DATABASE_URL\.$/);
  const missing = inject("services").postgresUrl.replace("/postgres?", "/nowhere?");
  const failure = await failureOf(["up"], { DATABASE_URL: missing, GATEHOUSE_MASTER_KEY: MASTER_KEY });
  expect(failure).toMatch(/^Postgres at \S+ has no database nowhere \(DATABASE_URL\)\.$/);
});

test("a Redis that does not answer is named without its password", async () => {
  await using database = await cloneDatabase();
  const failure = await failureOf(["serve", "gateway"], {
    DATABASE_URL: database.access.url,
    GATEHOUSE_MASTER_KEY: MASTER_KEY,
    REDIS_URL: "redis://:hunter2hunter2@127.0.0.1:1/0",
  });
  expect(failure.split("\n").at(-1)).toMatch(/^Redis at 127\.0\.0\.1:1 cannot be reached: .* \(REDIS_URL\)\.$/);
  expect(failure).not.toContain("hunter2");
});

test("a database from a newer version is left alone", async () => {
  await using database = await cloneDatabase();
  await using owner = openDatabaseAsOwner(database.access.url);
  await sql`insert into migrations (name, run_on) values ('9999_from_the_future', now())`.execute(owner);
  const failure = await failureOf(["migrate"], { DATABASE_URL: database.access.url, GATEHOUSE_MASTER_KEY: MASTER_KEY });
  expect(failure).toMatch(/^This database was made by a newer version of Gatehouse .* Start that version\.$/);
});

test("a data directory of another Postgres is left alone", { timeout: 30_000 }, async () => {
  await using directory = await temporaryDirectory();
  await using first = gatehouse(["up"], { environment: { GATEHOUSE_DATA_DIR: directory.path } });
  await first.says(READY);
  await first[Symbol.asyncDispose]();
  await writeFile(join(directory.path, "postgres/data/PG_VERSION"), "19\n");
  expect(await failureOf(["up"], { GATEHOUSE_DATA_DIR: directory.path })).toMatch(
    /^The data directory holds a database of Postgres 19, and this Gatehouse runs Postgres 18\./,
  );
});

test("a second one on the same data directory is refused, and leaves the first alone", {
  timeout: 30_000,
}, async () => {
  await using directory = await temporaryDirectory();
  await using first = gatehouse(["up"], { environment: { GATEHOUSE_DATA_DIR: directory.path } });
  const { origin } = printed(await first.says(READY));
  const failure = await failureOf(["up"], { GATEHOUSE_DATA_DIR: directory.path });
  expect(failure).toMatch(/^Another Gatehouse is running on \S+\. Stop it first\.$/);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
});

test("of two that start at once on one data directory, one runs and one says why it does not", {
  timeout: 30_000,
}, async () => {
  await using directory = await temporaryDirectory();
  const environment = { GATEHOUSE_DATA_DIR: directory.path };
  await using one = gatehouse(["up"], { environment });
  await using other = gatehouse(["up"], { environment });
  const runs = (command: typeof one) => command.says(READY).then(() => command);
  const running = await Promise.any([runs(one), runs(other)]);
  const refused = running === one ? other : one;
  expect(await refused.ended).toBe(1);
  expect(refused.output()).toMatch(/^Another Gatehouse is running on \S+\. Stop it first\.$/m);
  const { origin } = printed(running.output());
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
});

test("with its state in memory, a second one on the same database is refused; with Redis it is not", {
  timeout: 60_000,
}, async () => {
  await using database = await cloneDatabase();
  const environment = { DATABASE_URL: database.access.url, GATEHOUSE_MASTER_KEY: MASTER_KEY };
  const serve = (more = {}) => gatehouse(["serve", "gateway"], { environment: { ...environment, ...more } });
  {
    await using first = serve();
    await first.says("serving");
    const failure = await failureOf(["serve", "gateway"], environment);
    expect(failure).toMatch(/^Another Gatehouse serves this database\. .* REDIS_URL\.$/);
  }
  const redis = { REDIS_URL: inject("services").redisUrl };
  await using one = serve(redis);
  await using other = serve(redis);
  await Promise.all([one.says("serving"), other.says("serving")]);
});

test("an app that is given another master key than migrations were says so", async () => {
  await using database = await cloneDatabase();
  const failure = await failureOf(["serve", "auth"], {
    DATABASE_URL: database.access.url,
    GATEHOUSE_MASTER_KEY: Buffer.alloc(32, "another").toString("base64"),
  });
  expect(failure).toMatch(/^Postgres at \S+ refuses the role gatehouse_auth\. .*GATEHOUSE_MASTER_KEY/);
});
