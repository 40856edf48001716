import type { Readable } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import { CALL } from "@gatehouse/egress/limits";
import { readSse, type SseEvent } from "@gatehouse/mcp/sse";
import type { Dispatcher } from "undici";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import type { OrgSnapshot } from "../snapshots.ts";
import { Intake } from "./intake.ts";
import { ofConnector } from "./streamable-http.ts";
import { address, type Outbound, targetOf } from "./upstream-request.ts";

type Used = Pick<Dependencies, "egress" | "upstreamTimeoutMs">;

/** A server says when its stream may be asked for again: not at once, over and over, and not never. */
const REOPEN_MS = { min: 100, max: CALL.silenceMs };

export const reopenAfter = (retryMs: number) => Math.min(Math.max(retryMs, REOPEN_MS.min), REOPEN_MS.max);

/** Opens a legacy upstream's stream of what it says unasked (2025-11-25, Listening for Messages from the Server). */
export async function listenUpstream(
  exchange: Exchange,
  outbound: Outbound,
  deps: Used,
  lastEventId?: string,
): Promise<Dispatcher.ResponseData> {
  const headers = lastEventId === undefined ? [] : ["last-event-id", lastEventId];
  try {
    return await openStream(exchange, outbound, deps, headers);
  } catch (error) {
    throw ofConnector(error as Error, exchange);
  }
}

/** A GET whose answer stays open. */
export async function openStream(
  exchange: Exchange,
  outbound: Outbound,
  { egress, upstreamTimeoutMs }: Used,
  more: string[] = [],
): Promise<Dispatcher.ResponseData> {
  const { path, headers } = address(exchange, { ...outbound, message: null }, exchange.operation.traceparent);
  const pool = egress.pool(targetOf(exchange), "streams");
  const timeouts = { headersTimeout: upstreamTimeoutMs, bodyTimeout: 0 };
  const upstream = await pool.request({ path, method: "GET", headers: [...headers, ...more], ...timeouts });
  upstream.body.on("error", () => {});
  if (upstream.statusCode !== 200) upstream.body.destroy();
  return upstream;
}

/** Until the stream ends or breaks off; what `onEvent` answers is waited for before more is read. */
export async function readStream(
  org: OrgSnapshot,
  body: Readable,
  onEvent: (event: SseEvent) => void | Promise<void>,
): Promise<void> {
  const intake = new Intake(org);
  const closing = new AbortController();
  body.once("close", () => closing.abort());
  let pending = undefined as void | Promise<void>;
  const reader = readSse((event) => {
    intake.letGo();
    pending = onEvent(event) ?? pending;
  }, CALL.answerBytesMax);
  try {
    for await (const chunk of body) {
      const beganAt = performance.now();
      reader.read(chunk);
      const restMs = intake.take(chunk.length, beganAt);
      await pending;
      if (restMs > 0) await after(restMs, undefined, { signal: closing.signal });
    }
  } catch {
    // A stream that broke off has ended: whoever still wants it opens it again.
  } finally {
    intake.letGo();
  }
}
