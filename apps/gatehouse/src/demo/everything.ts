import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import type { Logger } from "@gatehouse/telemetry/log";

export interface DemoServer extends AsyncDisposable {
  port: number;
  /** Of the process that serves at the moment. */
  pid: () => number | undefined;
}

const PROGRAM = join(import.meta.dirname, "serve-everything.ts");
const BACKOFF_MS = { first: 200, last: 30_000 };
/** One that has served as long as this and ends is started again at once. */
const STEADY_MS = 60_000;
const STOP_TIMEOUT_MS = 1000;

/**
 * `@modelcontextprotocol/server-everything` as a child process, on 127.0.0.1 and, where that is free, on `preferredPort`.
 * When it dies it is started again on the same port, later each time; it does not outlive us.
 */
export async function startDemoServer({
  preferredPort,
  log,
}: {
  preferredPort: number;
  log: Logger;
}): Promise<DemoServer> {
  let child = launch((await isFree(preferredPort)) ? preferredPort : 0);
  const port = await readPort(child);
  let restart: NodeJS.Timeout | undefined;
  let closed = false;
  let backoffMs = BACKOFF_MS.first;
  watch();

  function watch(): void {
    const startedAt = Date.now();
    child.once("exit", (code, signal) => {
      if (closed) return;
      if (Date.now() - startedAt > STEADY_MS) backoffMs = BACKOFF_MS.first;
      log.warn({ code, signal, backoffMs }, "the demo server ended, and is started again");
      restart = setTimeout(startAgain, backoffMs);
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MS.last);
    });
  }
  function startAgain(): void {
    child = launch(port);
    watch();
  }

  return {
    port,
    pid: () => child.pid,
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(restart);
      await stop(child);
    },
  };
}

/** In a process group of its own, so that Ctrl-C in a terminal leaves it to us. Its environment has nothing of ours. */
function launch(port: number): ChildProcess {
  const child = spawn(process.execPath, ["--max-old-space-size=256", PROGRAM, String(port)], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
  });
  child.on("error", () => {});
  child.stdin?.on("error", () => {});
  return child;
}

async function readPort(child: ChildProcess): Promise<number> {
  const ended = once(child, "exit").then(() => Promise.reject(new Error("the demo server does not start")));
  const [line] = await Promise.race([once(child.stdout!, "data"), ended]);
  child.stdout!.resume();
  return Number(line);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.stdin?.end();
  const kill = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exit;
  clearTimeout(kill);
}

async function isFree(port: number): Promise<boolean> {
  if (port === 0) return true;
  const socket = createConnection({ host: "127.0.0.1", port });
  const taken = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return !taken;
}
