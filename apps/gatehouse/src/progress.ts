import type { Writable } from "node:stream";

export interface Progress {
  /** Shows `doing` while `work` runs, and then what `done` says, with a tick and how long it took. */
  step<T>(doing: string, work: () => Promise<T>, done: (result: T) => string): Promise<T>;
  line(text?: string): void;
}

const CLEAR_LINE = "\r\x1b[2K";
const GREEN = "\x1b[32m";
const DIM = "\x1b[2m";
const PLAIN = "\x1b[0m";

/** On a terminal a step's line is written over when it is done; elsewhere each line is written once. */
export function showProgress(output: Writable & { isTTY?: boolean }): Progress {
  const paint = (color: string, text: string) => (output.isTTY ? `${color}${text}${PLAIN}` : text);
  return {
    async step(doing, work, done) {
      if (output.isTTY) output.write(`  ${doing} …`);
      const startedAt = performance.now();
      try {
        const result = await work();
        const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
        if (output.isTTY) output.write(CLEAR_LINE);
        output.write(`${paint(GREEN, "✓")} ${done(result)} ${paint(DIM, seconds)}\n`);
        return result;
      } catch (error) {
        if (output.isTTY) output.write(CLEAR_LINE);
        throw error;
      }
    },
    line(text = "") {
      output.write(`${text}\n`);
    },
  };
}
