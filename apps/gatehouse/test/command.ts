import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Account {
  uid: number;
  gid: number;
}

export interface CommandOptions {
  environment?: Record<string, string>;
  account?: Account | undefined;
}

/** The `gatehouse` command in a process of its own, with nothing of our environment. */
export interface Command extends AsyncDisposable {
  child: ChildProcess;
  /** All that it has written, to both outputs. */
  output(): string;
  /** Settles when it has written `text`, with all it has written; throws where it ends without. */
  says(text: string | RegExp): Promise<string>;
  /** Settles when it has ended: with its exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

/** One that has not ended by then has failed its test already. */
const END_TIMEOUT_MS = 10_000;
const MAIN = join(import.meta.dirname, "../src/main.ts");

export function gatehouse(args: string[], { environment = {}, account }: CommandOptions = {}): Command {
  const env = { PATH: process.env.PATH ?? "", PORT: "0", ...environment };
  const child = spawn(process.execPath, [MAIN, ...args], { ...account, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const take = (chunk: Buffer) => {
    output += chunk;
    child.emit("said");
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);

  async function says(text: string | RegExp): Promise<string> {
    while (output.search(text) < 0) {
      const more = await Promise.race([once(child, "said").then(() => true), ended.then(() => false)]);
      if (!more && output.search(text) < 0) throw new Error(`It ended without saying ${text}:\n${output}`);
    }
    return output;
  }

  return {
    ...{ child, says, ended, output: () => output },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      const kill = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
      await ended;
      clearTimeout(kill);
    },
  };
}

/** A directory for data directories, which every account may pass through, as where most clones are. */
export async function temporaryDirectory(owner?: Account): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "gatehouse-up-"));
  await chmod(path, 0o711);
  if (owner) await chown(path, owner.uid, owner.gid);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Of the Postgres that runs on a data directory. */
export async function postgresPid(dataDirectory: string): Promise<number> {
  const file = await readFile(join(dataDirectory, "postgres/data/postmaster.pid"), "utf8");
  return Number(file.split("\n")[0]);
}

/** One that has ended and that its parent has not asked after is not alive. */
export async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return /^State:\s[^Z]/m.test(status);
}

/** What `up` prints of where it is and who owns it. */
export function printed(output: string) {
  const find = (pattern: RegExp) => pattern.exec(output)?.[1] ?? "";
  return {
    origin: find(/Gatehouse is at (\S+)/),
    mcp: find(/MCP address {2}(\S+)/),
    dashboard: find(/Dashboard {4}(\S+)/),
    email: find(/Email {8}(\S+)/),
    password: find(/Password {5}(\S+)/),
    demoPort: Number(find(/demo server is at 127\.0\.0\.1:(\d+)/)),
  };
}
