import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepSecret } from "../src/data-directory.ts";
import { type Command, gatehouse, isAlive, postgresPid, printed, temporaryDirectory } from "./command.ts";

const READY = "Ctrl-C ends it";
const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

const up = (dataDirectory: string, environment: Record<string, string> = {}) =>
  gatehouse(["up"], { environment: { GATEHOUSE_DATA_DIR: dataDirectory, ...environment } });

/** One that runs, for the tests that leave it as it is; and as it was when it had ended, for those that do not. */
let shared: { path: string; used: string; email: string; password: string; command: Command } & AsyncDisposable;

beforeAll(async () => {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const { path: used } = stack.use(await temporaryDirectory());
  const first = stack.use(up(path));
  const { email, password } = printed(await first.says(READY));
  await first[Symbol.asyncDispose]();
  await copyWithOwners(path, used);
  const command = stack.use(up(path));
  await command.says(READY);
  const opened = stack.move();
  shared = { path, used, email, password, command, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}, 60_000);
afterAll(() => shared[Symbol.asyncDispose]());

/** A data directory of its own, in which Gatehouse has been started and ended before. */
async function usedDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const directory = await temporaryDirectory();
  await copyWithOwners(shared.used, directory.path);
  return directory;
}

async function copyWithOwners(from: string, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", `${from}/.`, to]);
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const answered = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return answered;
}

test("the first start prints what one needs, the second finds everything as it was", { timeout: 60_000 }, async () => {
  await using directory = await temporaryDirectory();
  const data = join(directory.path, "data");
  const first = up(data);
  const { origin, dashboard, mcp, email, password } = printed(await first.says(READY));
  expect(dashboard).toBe(`${origin}/dashboard`);
  expect(mcp).toBe(`${origin}/demo/everything/mcp`);
  expect(first.output()).toContain(`claude mcp add --transport http everything ${mcp}`);
  await using client = await connectV1(mcp, { id: "", email, password });
  const answer = await client.client.callTool({ name: "echo", arguments: { message: "hello" } });
  expect(answer.content).toEqual([{ type: "text", text: "Echo: hello" }]);
  await first[Symbol.asyncDispose]();
  expect(await first.ended).toBe(0);

  const port = new URL(origin).port;
  await using second = up(data, { PORT: port });
  const again = printed(await second.says(READY));
  expect(again).toMatchObject({ origin, mcp, email: "", password: "" });
  const tokens = client.provider.savedTokens;
  await using reconnected = await connectV1(mcp, { id: "", email, password }, { provider: client.provider });
  expect(client.provider.savedTokens).toBe(tokens);
  await reconnected.client.callTool({ name: "get-sum", arguments: { a: 1, b: 2 } });
});

test("the demo server offers neither its environment nor a way past egress", async () => {
  const { email, password } = shared;
  const { mcp } = printed(shared.command.output());
  await using connected = await connectV2(mcp, { id: "", email, password }, { era: "legacy" });
  const { tools } = await connected.client.listTools();
  const names = tools.map((tool) => tool.name);
  expect(names).toContain("echo");
  expect(names).not.toContain("get-env");
  expect(names).not.toContain("gzip-file-as-resource");
  for (const name of ["get-env", "gzip-file-as-resource"]) {
    await expect(connected.client.callTool({ name, arguments: {} })).rejects.toThrow();
  }
});

test("the demo server has an environment of its own, and listens on 127.0.0.1 alone", async () => {
  const { demoPort } = printed(shared.command.output());
  const pid = await childWith(shared.command.child.pid!, "serve-everything");
  const environment = (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0").filter(Boolean);
  expect(environment.map((variable) => variable.split("=")[0])).toEqual(["PATH"]);
  const port = demoPort.toString(16).toUpperCase().padStart(4, "0");
  const sockets = await Promise.all(["tcp", "tcp6"].map((table) => readFile(`/proc/net/${table}`, "utf8")));
  const listening = sockets
    .flatMap((table) => table.split("\n"))
    .filter((line) => line.includes(`:${port} `) && / 0A /.test(line));
  expect(listening.map((line) => line.trim().split(/\s+/)[1])).toEqual([`0100007F:${port}`]);
});

test("a demo server that dies is started again, on the same port", { timeout: 30_000 }, async () => {
  const { command, email, password } = shared;
  const { mcp } = printed(command.output());
  const pid = await childWith(command.child.pid!, "serve-everything");
  process.kill(pid, "SIGKILL");
  await expect
    .poll(() => childWith(command.child.pid!, "serve-everything").catch(() => pid), { timeout: 5000 })
    .not.toBe(pid);
  await expect
    .poll(
      async () => {
        await using connected = await connectV1(mcp, { id: "", email, password });
        return (await connected.client.listTools()).tools.length;
      },
      { timeout: 10_000, interval: 300 },
    )
    .toBeGreaterThan(5);
});

async function childWith(parent: number, name: string): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const [status, command] = await Promise.all(
      ["status", "cmdline"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
    );
    if (new RegExp(`^PPid:\\s${parent}$`, "m").test(status!) && command!.includes(name)) return Number(pid);
  }
  throw new Error(`Process ${parent} has no child ${name}`);
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends it within 5 s, with all it has started",
  { timeout: 30_000 },
  async (signal) => {
    await using directory = await usedDirectory();
    await using command = up(directory.path);
    const { demoPort } = printed(await command.says(READY));
    const postgres = await postgresPid(directory.path);
    const startedAt = performance.now();
    command.child.kill(signal);
    // The same Ctrl-C comes from the terminal, from npm and from the shell.
    command.child.kill(signal);
    expect(await command.ended).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(await isAlive(postgres)).toBe(false);
    expect(await listens(demoPort)).toBe(false);
  },
);

test("a second Ctrl-C ends it at once", { timeout: 30_000 }, async () => {
  await using directory = await usedDirectory();
  await using command = up(directory.path);
  const { origin } = printed(await command.says(READY));
  const postgres = await postgresPid(directory.path);
  const busy = connect(Number(new URL(origin).port), "127.0.0.1");
  await once(busy, "connect");
  busy.on("error", () => {});
  busy.write("POST /demo/everything/mcp HTTP/1.1\r\n");
  command.child.kill("SIGINT");
  await command.says("Ending");
  await new Promise((resolve) => setTimeout(resolve, 400));
  const startedAt = performance.now();
  command.child.kill("SIGINT");
  expect(await command.ended).toBe(130);
  expect(performance.now() - startedAt).toBeLessThan(500);
  await expect.poll(() => isAlive(postgres)).toBe(false);
  busy.destroy();
});

test("after a kill -9 the next start takes over, and nothing committed is lost", { timeout: 60_000 }, async () => {
  await using directory = await usedDirectory();
  const first = up(directory.path);
  const { email, password } = shared;
  const { demoPort } = printed(await first.says(READY));
  first.child.kill("SIGKILL");
  expect(await first.ended).toBe("SIGKILL");
  await expect.poll(() => listens(demoPort)).toBe(false);
  await using second = up(directory.path);
  const { mcp } = printed(await second.says(READY));
  await using connected = await connectV1(mcp, { id: "", email, password });
  expect((await connected.client.listTools()).tools.length).toBeGreaterThan(5);
});

test("a power cut leaves nothing in the way of the next start", { timeout: 60_000 }, async () => {
  await using directory = await usedDirectory();
  const first = up(directory.path);
  await first.says(READY);
  const postgres = await postgresPid(directory.path);
  first.child.kill("SIGKILL");
  process.kill(postgres, "SIGKILL");
  await first.ended;
  await using second = up(directory.path);
  await second.says(READY);
});

test("without its Postgres it ends, and says so", { timeout: 30_000 }, async () => {
  await using directory = await usedDirectory();
  await using command = up(directory.path);
  const { demoPort } = printed(await command.says(READY));
  process.kill(await postgresPid(directory.path), "SIGKILL");
  expect(await command.ended).toBe(1);
  expect(command.output()).toMatch(/^The embedded Postgres has ended; its log in the data directory says why\.$/m);
  expect(await listens(demoPort)).toBe(false);
});

test("secrets that it makes are for its own eyes", async () => {
  for (const file of ["master-key", "owner-password", "postgres/data/superuser-password"]) {
    expect((await stat(join(shared.path, file))).mode & 0o777).toBe(0o600);
  }
});

test("a secret that others of the machine can read is none", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "master-key");
  const keep = () => keepSecret(directory.path, "master-key", () => "a secret");
  expect(await keep()).toBe("a secret");
  await chmod(file, 0o644);
  await expect(keep()).rejects.toMatchObject({ code: "forbidden", message: expect.stringContaining("chmod 600") });
});

test("a password that was given is not printed", { timeout: 30_000 }, async () => {
  await using directory = await temporaryDirectory();
  const given = { GATEHOUSE_OWNER_EMAIL: "Alice@acme.example", GATEHOUSE_OWNER_PASSWORD: "a long enough password" };
  await using command = up(directory.path, given);
  const output = await command.says(READY);
  expect(output).not.toContain(given.GATEHOUSE_OWNER_PASSWORD);
  const { mcp } = printed(output);
  const alice = { id: "", email: given.GATEHOUSE_OWNER_EMAIL, password: given.GATEHOUSE_OWNER_PASSWORD };
  await using connected = await connectV1(mcp, alice);
  await connected.client.ping();
});

test("a data directory whose path is too long for a socket will do", { timeout: 30_000 }, async () => {
  await using directory = await temporaryDirectory();
  await using command = up(join(directory.path, "deep/".repeat(20), "data"));
  await command.says(READY);
});

test.runIf(isRoot)("as root, a data directory that Postgres cannot reach will do", { timeout: 60_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  await mkdir(join(directory.path, "closed"), { mode: 0o700 });
  const data = join(directory.path, "closed/data");
  const first = stack.use(up(data));
  await first.says(READY);
  const elsewhere = await readlink(join(data, "postgres"));
  stack.defer(() => rm(elsewhere, { recursive: true }));
  await first[Symbol.asyncDispose]();
  await using second = up(data);
  expect(printed(await second.says(READY)).password).toBe("");
});

test.runIf(isRoot)("another user than root needs nothing of root's", { timeout: 60_000 }, async () => {
  await using directory = await temporaryDirectory(NOBODY);
  const environment = { GATEHOUSE_DATA_DIR: join(directory.path, "data") };
  await using command = gatehouse(["up"], { environment, account: NOBODY });
  const { demoPort } = printed(await command.says(READY));
  expect((await stat(join(directory.path, "data/postgres"))).uid).toBe(NOBODY.uid);
  command.child.kill("SIGINT");
  expect(await command.ended).toBe(0);
  expect(await listens(demoPort)).toBe(false);
});
