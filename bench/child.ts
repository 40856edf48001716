import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";

// Each part of a measurement is a process of its own, asked over IPC for what it has used.

export interface Usage {
  /** After a full collection. */
  heapBytes: number;
  rssBytes: number;
  /** The most that `rssBytes` has been. */
  peakRssBytes: number;
}

export interface Child<Ready> extends AsyncDisposable {
  ready: Ready;
  pid: number;
  /** User and system time since it began, in microseconds. */
  cpuUs(): Promise<number>;
  usage(): Promise<Usage>;
  /** Once V8 has given back the pages that it keeps for later, as it does by itself in a process that has little to do. */
  trimmed(): Promise<Usage>;
  /** Its exit code. */
  exited: Promise<number | null>;
}

/** In the child: says that it is ready, and then answers each question with its usage. */
export function reportTo(parent: NodeJS.Process, ready: object): void {
  parent.send!({ ready });
  parent.on("message", (question) => {
    if (question === "trim") globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
    parent.send!(question === "cpu" ? { cpuUs: cpuUs() } : { usage: usage() });
  });
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function usage(): Usage {
  globalThis.gc?.();
  const { heapUsed: heapBytes, rss: rssBytes } = process.memoryUsage();
  return { heapBytes, rssBytes, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
}

/** Node's flags are those that `npm start` runs with. */
const FLAGS = ["--max-semi-space-size=32", "--min-semi-space-size=16", "--expose-gc"];

/** Starts a file of this folder, which ends when its channel to us is closed. */
export async function startChild<Ready>(file: string, args: string[] = [], env = {}): Promise<Child<Ready>> {
  const child = fork(join(import.meta.dirname, file), args, { execArgv: FLAGS, env: { ...process.env, ...env } });
  const exited = once(child, "exit").then(([code]) => code);
  const answer = async <T>(): Promise<T> => {
    const [message] = await Promise.race([once(child, "message"), exited.then(endedEarly)]);
    return message;
  };
  const { ready } = await answer<{ ready: Ready }>();
  return {
    ready,
    pid: child.pid!,
    exited,
    async cpuUs() {
      child.send("cpu");
      return (await answer<{ cpuUs: number }>()).cpuUs;
    },
    async usage() {
      child.send("usage");
      return (await answer<{ usage: Usage }>()).usage;
    },
    async trimmed() {
      child.send("trim");
      return (await answer<{ usage: Usage }>()).usage;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** Once what is on its way to be freed, is. */
export async function settled({ usage }: Pick<Child<object>, "usage">): Promise<Usage> {
  await usage();
  await after(3000);
  return usage();
}

function endedEarly(): never {
  throw new Error("A process of the benchmark ended before its time");
}
