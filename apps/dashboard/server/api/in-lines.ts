import { renderFault, toFault } from "@gatehouse/faults";
import type { Context } from "hono";
import { stream } from "hono/streaming";

/** How far something that takes long has come; lastly what came of it, or why nothing did. */
export type Line<Result> =
  | { progress: { done: number; all: number } }
  | { result: Result }
  | { fault: { status: number; detail: string } };

export interface Listener {
  tell: (done: number, all: number) => Promise<unknown>;
  /** Nobody waits for the result any more. */
  isGone: () => boolean;
}

/** Each of them as a line of JSON. */
export function inLines<Result>(c: Context, work: (listener: Listener) => Promise<Result>): Response {
  c.header("content-type", "application/x-ndjson");
  return stream(c, async (out) => {
    const write = (line: Line<Result>) => out.write(`${JSON.stringify(line)}\n`);
    const tell = (done: number, all: number) => write({ progress: { done, all } });
    try {
      await write({ result: await work({ tell, isGone: () => out.aborted }) });
    } catch (error) {
      await write({ fault: JSON.parse(renderFault(toFault(error), "problem").body) });
    }
  });
}
