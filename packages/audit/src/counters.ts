import type { LoggedRow } from "./chain.ts";

/** How many numbers are missing, and the row that showed it. */
export interface Gap {
  count: number;
  next: LoggedRow;
}

interface Stream {
  counter: number;
  missing: Map<number, LoggedRow>;
  /** It writes calls, and leaves nothing out. */
  hasCalls: boolean;
}

/** No more are remembered of one writer. */
const MISSING_MAX = 10_000;

/**
 * Every writer numbers its rows, so that one that was removed before it had its place in the chain shows. Calls are written
 * without gaps; a change that was undone has taken its number with it. `isWhole`: the first rows are there.
 */
export function watchCounters({ isWhole }: { isWhole: boolean }) {
  const streams = new Map<string, Stream>();

  function take(row: LoggedRow): void {
    const stream = streams.get(row.boot) ?? begin(row);
    stream.hasCalls ||= row.event === "call";
    stream.missing.delete(row.counter);
    for (let counter = stream.counter + 1; counter < row.counter; counter++) {
      if (stream.missing.size < MISSING_MAX) stream.missing.set(counter, row);
    }
    stream.counter = Math.max(stream.counter, row.counter);
  }

  function begin({ boot, counter }: LoggedRow): Stream {
    const stream = { counter: isWhole ? 0 : counter, missing: new Map(), hasCalls: false };
    streams.set(boot, stream);
    return stream;
  }

  function missing(): { removed: Gap | null; undone: number } {
    const all = [...streams.values()];
    const removed = all.filter(({ hasCalls }) => hasCalls).flatMap(({ missing }) => [...missing.values()]);
    const undone = all.filter(({ hasCalls }) => !hasCalls).reduce((sum, { missing }) => sum + missing.size, 0);
    return { removed: removed[0] ? { count: removed.length, next: removed[0] } : null, undone };
  }

  return { take, missing };
}
