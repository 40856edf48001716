import { setTimeout as after } from "node:timers/promises";
import { Fault } from "@gatehouse/faults";
import type { SseEvent } from "@gatehouse/mcp/sse";
import type { UpstreamStream } from "../backs/back.ts";
import { readStream } from "../backs/listen-upstream.ts";

/** How far a stream has been read, and when it may be asked for again. */
export interface Place {
  lastEventId?: string;
  retryMs: number;
}

export const startOfStream = (): Place => ({ retryMs: 1000 });

export function note(place: Place, { id, retry }: SseEvent): void {
  if (id !== undefined) place.lastEventId = id;
  if (retry !== undefined) place.retryMs = retry;
}

/** A stream that is opened so often and says nothing has nothing more to say. */
const SILENT_MAX = 5;

/**
 * Goes on with a stream that the upstream has closed, as often as it closes it (2025-11-25, Resumability and Redelivery),
 * until `onData` has what it waits for and answers a promise.
 */
export async function readOn(
  place: Place,
  open: (lastEventId: string | undefined) => Promise<UpstreamStream>,
  onData: (data: string) => Promise<void> | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let silent = 0; silent < SILENT_MAX; silent++) {
    await after(place.retryMs, undefined, { signal });
    const { statusCode, body } = await open(place.lastEventId);
    if (statusCode !== 200) break;
    const end = () => void body.destroy();
    signal.addEventListener("abort", end);
    let done: Promise<void> | undefined;
    await readStream(body, (event) => {
      note(place, event);
      if (!event.data || done) return;
      silent = 0;
      done = onData(event.data);
      if (done) end();
    });
    signal.removeEventListener("abort", end);
    if (done) return done;
  }
  throw new Fault("upstream_failed", "its answer broke off in the middle");
}
