import { Fault, renderFault } from "@gatehouse/faults";
import { legacyVersionOf } from "@gatehouse/mcp/eras";
import { isRequest, type Response } from "@gatehouse/mcp/message";
import { writeSse } from "@gatehouse/mcp/sse";
import type { Receiver, UpstreamStatus } from "../backs/streamable-http.ts";
import type { Dependencies } from "../dependencies.ts";
import { errorTextIn, errorTypeIn } from "../error-type.ts";
import type { Answer, Exchange } from "../exchange.ts";
import { rateLimitHeaders } from "../limits/headers.ts";
import { outcomeOf } from "../steps/record.ts";

type Used = Pick<Dependencies, "audit" | "streams" | "sessions">;

const KEEP_ALIVE_MS = 25_000;

/**
 * The edge towards a client of Streamable HTTP, either era: what the back tells of an exchange becomes its answer. The
 * bytes that complete the answer leave only when its audit row is durable.
 */
export function openFront(exchange: Exchange, { audit, streams, sessions }: Used): Receiver {
  const { response, message } = exchange;
  const initialize = isRequest(message) && message.method === "initialize" ? message : null;
  /** Ids of events that a client may read on from are the upstream's, and mean nothing where streams are joined. */
  const isBare = exchange.era === "modern" || exchange.inBatch;
  let closed: (() => void) | null = null;

  /** The answer to `initialize` names the session in its headers, and so is no stream. */
  function open(): void {
    if (initialize || response.headersSent) return;
    startStream(response, rateLimitHeaders(exchange));
    closed = keepOpen(exchange, streams);
  }

  function finish(outcome: string, error?: string): void | Promise<void> {
    exchange.operation.end(error);
    closed?.();
    if (response.destroyed) return audit.enqueue(outcomeOf(exchange, undelivered(outcome)));
    return audit.append(outcomeOf(exchange, outcome));
  }

  async function end(answer: Response, body: string | Buffer, { status, sessionId }: UpstreamStatus): Promise<void> {
    exchange.bytesOut = Buffer.byteLength(body);
    if (initialize && answer.result) {
      const protocolVersion = legacyVersionOf(answer.result.protocolVersion);
      const opened = { upstreamId: sessionId, protocolVersion, initialize: initialize.params ?? {} };
      exchange.session = await sessions.create(exchange.token, opened);
    }
    exchange.error = errorTextIn(answer);
    await finish(outcomeIn(answer), errorTypeIn(answer));
    if (response.headersSent) response.end(writeSse({ event: "message", data: body.toString() }));
    else sendJson(exchange, status, body);
  }

  return {
    ...{ open, end, endLong: exchange.inBatch ? undefined : end },
    event(told, event) {
      if (!told && isBare) return true;
      open();
      if (!response.headersSent || response.destroyed) return true;
      return response.write(writeSse(isBare ? { event: "message", data: event.data! } : event));
    },
    onDrain: (listener) => onceDrained(response, listener),
    accept() {
      exchange.operation.end();
      audit.enqueue(outcomeOf(exchange, "ok"));
      response.writeHead(202, rateLimitHeaders(exchange)).end();
    },
    async leave() {
      if (initialize) throw new Fault("upstream_failed", "its answer broke off in the middle");
      await finish("unanswered");
      response.end();
    },
  };
}

/** Or closed. */
export function onceDrained(response: Answer, listener: () => void): void {
  const done = () => {
    response.off("drain", done).off("close", done);
    listener();
  };
  response.on("drain", done).on("close", done);
}

/** In one word: what an SRE counts by and an owner searches for. */
export function outcomeIn({ result, error }: Response): string {
  if (error) return "rpc_error";
  if (result?.isError === true) return "tool_error";
  return result?.resultType === "input_required" ? "input_required" : "ok";
}

export const undelivered = (outcome: string) => (outcome === "ok" ? "undelivered" : outcome);

/** What a client that takes its time would keep here twice, as text and as what is to be written. */
const LONG_BYTES = 64 * 1024;

/** Text leaves in one write with its headers, which bytes do not. */
function sendJson(exchange: Exchange, status: number, body: string | Buffer): void {
  const { response, session, message, bytesOut } = exchange;
  const headers = ["content-type", "application/json", "content-length", String(bytesOut)];
  headers.push(...rateLimitHeaders(exchange));
  if (session && "method" in message && message.method === "initialize") headers.push("mcp-session-id", session.id);
  const isLongText = bytesOut >= LONG_BYTES && typeof body === "string";
  response.writeHead(status, headers).end(isLongText ? Buffer.from(body) : body);
}

/** Headers that keep proxies from holding a stream back (2026-07-28, Streamable HTTP, Receiving Messages). */
export function startStream(response: Answer, more: string[] = []): void {
  response.writeHead(200, [
    "content-type",
    "text/event-stream",
    "cache-control",
    "no-cache",
    "x-accel-buffering",
    "no",
    ...more,
  ]);
  response.flushHeaders();
}

/**
 * Ends the stream when the member's access ends, and where the client takes nothing of it from one beat to the next; keeps it
 * from looking dead. Answers what ends the keeping.
 */
export function keepOpen({ org, token, session, response }: Exchange, streams: Dependencies["streams"]): () => void {
  const remove = streams.add(org, token, () => response.destroy(), session?.id);
  let isTaken = true;
  const beat = setInterval(() => {
    if (!isTaken) return response.destroy();
    isTaken = false;
    response.write(":\n\n", () => {
      isTaken = true;
    });
  }, KEEP_ALIVE_MS);
  beat.unref();
  const close = () => {
    clearInterval(beat);
    remove();
    response.off("close", close);
  };
  response.once("close", close);
  return close;
}

/** Faults that are the answer to a well-formed request, and not a failure of HTTP. */
export const IN_BAND = new Set([
  "invalid_params",
  "upstream_failed",
  "upstream_timeout",
  "egress_refused",
  "interrupted",
  "internal",
]);

/** A fault as the answer, as far as one can still be given. */
export function refuse(exchange: Exchange, fault: Fault): void {
  const { response, message } = exchange;
  const id = message !== undefined && isRequest(message) ? message.id : undefined;
  const { status, headers, body } = renderFault(fault, "jsonrpc", { id, traceId: exchange.operation?.traceId });
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    response.end(writeSse({ event: "message", data: body }));
    return;
  }
  const inBand = exchange.accepted && id !== undefined && IN_BAND.has(fault.code);
  response.writeHead(inBand ? 200 : status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}
