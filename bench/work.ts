import { setTimeout as after } from "node:timers/promises";

// What is done again and again, by several at once, until it is enough.

export interface Work {
  what: string;
  /** So many do it, each as soon as it is done, or after this pause. */
  callers: number;
  pauseMs?: number;
  /** Throws where it fails. */
  once(): Promise<unknown>;
}

export interface Done {
  what: string;
  timesMs: number[];
  failures: string[];
}

/** Begins all of it. What is under way when it is stopped comes to its end. */
export function begin(works: readonly Work[]): { stop(): Promise<Done[]> } {
  const stopping = new AbortController();
  const doing = Promise.all(works.map((work) => keepDoing(work, stopping.signal)));
  return {
    stop() {
      stopping.abort();
      return doing;
    },
  };
}

async function keepDoing({ what, callers, pauseMs = 0, once }: Work, signal: AbortSignal): Promise<Done> {
  const done: Done = { what, timesMs: [], failures: [] };
  async function caller(): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now();
      await once().catch((error) => done.failures.push(`${new Date().toISOString()} ${what}: ${error.cause ?? error}`));
      done.timesMs.push(performance.now() - began);
      await after(pauseMs);
    }
  }
  await Promise.all(Array.from({ length: callers }, caller));
  done.timesMs.sort((a, b) => a - b);
  return done;
}
