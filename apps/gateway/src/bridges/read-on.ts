import { setTimeout as after } from "node:timers/promises";
import { Fault } from "@gatehouse/faults";
import { isResponse, type Message, type Request } from "@gatehouse/mcp/message";
import type { SseEvent } from "@gatehouse/mcp/sse";
import { backOf, type UpstreamStream } from "../backs/back.ts";
import { readStream, reopenAfter } from "../backs/listen-upstream.ts";
import { rewriteResult } from "../backs/rewrite.ts";
import { endless, overAt, type Receiver } from "../backs/streamable-http.ts";
import { unchanged } from "../backs/upstream-request.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import type { OrgSnapshot } from "../snapshots.ts";

/** How far a stream has been read, and when it may be asked for again. */
export interface Place {
  lastEventId?: string;
  retryMs: number;
}

export const startOfStream = (): Place => ({ retryMs: 1000 });

export function note(place: Place, { id, retry }: SseEvent): void {
  if (id !== undefined) place.lastEventId = id;
  if (retry !== undefined) place.retryMs = reopenAfter(retry);
}

/** A stream that is opened so often and says nothing has nothing more to say. */
const SILENT_MAX = 5;

/**
 * Goes on with a stream that the upstream has closed or lost, as often as that happens (2025-11-25, Resumability and Redelivery),
 * until `onData` has what it waits for and answers a promise, and for as long as an answer may take at most.
 */
export async function readOn(
  org: OrgSnapshot,
  place: Place,
  open: (lastEventId: string | undefined) => Promise<UpstreamStream>,
  onData: (data: string) => Promise<void> | undefined,
  { upstreamTimeoutMs, signal }: { upstreamTimeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const endsAt = overAt(upstreamTimeoutMs);
  for (let silent = 0; silent < SILENT_MAX; silent++) {
    await after(place.retryMs, undefined, signal && { signal });
    const { statusCode, body } = await open(place.lastEventId);
    if (statusCode !== 200) break;
    const end = () => void body.destroy();
    const over = setTimeout(end, Math.max(0, endsAt - performance.now())).unref();
    signal?.addEventListener("abort", end);
    let done: Promise<void> | undefined;
    await readStream(org, body, (event) => {
      note(place, event);
      if (!event.data || done) return;
      silent = 0;
      done = onData(event.data);
      if (done) end();
    });
    clearTimeout(over);
    signal?.removeEventListener("abort", end);
    if (done) return done;
    if (performance.now() > endsAt) throw endless();
  }
  throw new Fault("upstream_failed", "its answer broke off in the middle");
}

/** For a client that cannot ask for the rest of its answer itself. */
export function readingOn(
  exchange: Exchange,
  front: Receiver,
  deps: Pick<Dependencies, "backs" | "upstreamTimeoutMs">,
): Receiver {
  const place = startOfStream();
  const open = (lastEventId?: string) => backOf(exchange, deps).listen(exchange, unchanged(exchange), lastEventId);

  function take(data: string): Promise<void> | undefined {
    const message: Message = JSON.parse(data);
    if (!isResponse(message)) front.event(message, { event: "message", data });
    if (!isResponse(message) || message.id !== (exchange.message as Request).id) return undefined;
    rewriteResult(exchange, message);
    return front.end(message, JSON.stringify(message), { status: 200, sessionId: null });
  }

  return {
    ...front,
    event(message, event) {
      note(place, event);
      return front.event(message, event);
    },
    leave: () => readOn(exchange.org, place, open, take, deps),
  };
}
