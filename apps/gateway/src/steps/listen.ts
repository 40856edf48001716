import { Fault } from "@gatehouse/faults";
import { readSse, writeSse } from "@gatehouse/mcp/sse";
import type { Dispatcher } from "undici";
import { renewUpstreamSession } from "../backs/session.ts";
import { ofConnector } from "../backs/streamable-http.ts";
import { unchanged, upstreamHeaders } from "../backs/upstream-request.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { keepOpen, startStream } from "../fronts/streamable-http.ts";
import { outcomeOf } from "./record.ts";

const EVENT_CHARACTERS_MAX = 16 * 1024 * 1024;

/**
 * The upstream's own stream of a session (2025-11-25, Listening for Messages from the Server), for as long as the client
 * holds it open. Its opening is recorded before anything is sent.
 */
export function listen(deps: Dependencies): Step {
  return async function listen(exchange) {
    let upstream = await openUpstreamStream(exchange, deps);
    if (upstream.statusCode === 404 || upstream.statusCode === 400) {
      upstream.body.destroy();
      await renewUpstreamSession(exchange, deps);
      upstream = await openUpstreamStream(exchange, deps);
    }
    if (upstream.statusCode !== 200) {
      upstream.body.destroy();
      throw new Fault("method_not_allowed", "This upstream says nothing unasked", {
        headers: { allow: "POST, DELETE" },
      });
    }
    await deps.audit.append(outcomeOf(exchange, "opened"));
    startStream(exchange.response);
    keepOpen(exchange, deps.streams);
    await relay(exchange, upstream.body);
    exchange.operation.end();
  };
}

async function openUpstreamStream(
  exchange: Exchange,
  { egress, upstreamTimeoutMs }: Dependencies,
): Promise<Dispatcher.ResponseData> {
  const { connector, request, operation } = exchange;
  const lastEventId = request.headers["last-event-id"];
  const headers = upstreamHeaders(exchange, unchanged(exchange), operation.traceparent);
  if (typeof lastEventId === "string") headers.push("last-event-id", lastEventId);
  const pool = egress.pool({ origin: connector.origin, exception: connector.egressException }, "streams");
  try {
    const upstream = await pool.request({
      path: connector.path,
      method: "GET",
      headers,
      headersTimeout: upstreamTimeoutMs,
      bodyTimeout: 0,
    });
    upstream.body.on("error", () => {});
    return upstream;
  } catch (error) {
    throw ofConnector(error as Error, exchange);
  }
}

/** Ends when either side does; a slow client slows the upstream down. */
async function relay({ response }: Exchange, body: Dispatcher.ResponseData["body"]): Promise<void> {
  response.once("close", () => body.destroy());
  let room = true;
  const reader = readSse((event) => {
    room = response.write(writeSse(event));
  }, EVENT_CHARACTERS_MAX);
  try {
    for await (const chunk of body) {
      reader.read(chunk);
      if (!room) await drained(response);
    }
  } catch {
    // The upstream's stream broke off: so does ours, and the client may open it again.
  }
  response.end();
}

function drained(response: Exchange["response"]): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}
