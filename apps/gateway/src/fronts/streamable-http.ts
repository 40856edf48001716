import type { ServerResponse } from "node:http";
import { type Fault, renderFault } from "@gatehouse/faults";
import { isRequest, type Response } from "@gatehouse/mcp/message";
import { type SseEvent, writeSse } from "@gatehouse/mcp/sse";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { outcomeOf } from "../steps/record.ts";

/**
 * The edge towards a client of Streamable HTTP, either era: what the back tells of an exchange becomes its answer. The
 * bytes that complete the answer leave only when its audit row is durable.
 */
export interface Front {
  /** The answer will be a stream. */
  open(): void;
  /** A notification, or an ask. `false` asks the back to hold on until `onDrain`. */
  event(event: SseEvent): boolean;
  onDrain(listener: () => void): void;
  /** The response to the request; `text` is its JSON. */
  end(response: Response, text: string, status?: number): Promise<void>;
  /** A notification or response of the client's has been taken. */
  accept(): void;
  /** The upstream closed its stream without a response: the client may resume it. */
  leave(): Promise<void>;
}

const KEEP_ALIVE_MS = 25_000;

export function openFront(exchange: Exchange, { audit, streams }: Pick<Dependencies, "audit" | "streams">): Front {
  const { response, message } = exchange;
  const streamed = !("method" in message && message.method === "initialize");
  let closed: (() => void) | null = null;

  function open(): void {
    if (!streamed || response.headersSent) return;
    startStream(response);
    closed = keepOpen(exchange, streams);
  }

  async function finish(outcome: string): Promise<void> {
    exchange.operation.end(outcome === "ok" ? undefined : outcome);
    closed?.();
    if (response.destroyed) return audit.enqueue(outcomeOf(exchange, undelivered(outcome)));
    await audit.append(outcomeOf(exchange, outcome));
  }

  return {
    open,
    event(event) {
      open();
      if (!response.headersSent || response.destroyed) return true;
      return response.write(writeSse(event));
    },
    onDrain: (listener) => response.once("drain", listener),
    async end(answer, text, status = 200) {
      exchange.bytesOut = Buffer.byteLength(text);
      await finish(outcomeIn(answer));
      if (response.headersSent) response.end(`event: message\ndata: ${text}\n\n`);
      else sendJson(exchange, status, text);
    },
    accept() {
      exchange.operation.end();
      audit.enqueue(outcomeOf(exchange, "ok"));
      response.writeHead(202).end();
    },
    async leave() {
      await finish("unanswered");
      response.end();
    },
  };
}

/** In one word: what an SRE counts by and an owner searches for. */
function outcomeIn({ result, error }: Response): string {
  if (error) return "rpc_error";
  if (result?.isError === true) return "tool_error";
  return result?.resultType === "input_required" ? "input_required" : "ok";
}

const undelivered = (outcome: string) => (outcome === "ok" ? "undelivered" : outcome);

/** Text leaves in one write with its headers, which bytes do not. */
function sendJson({ response, session, message, bytesOut }: Exchange, status: number, text: string): void {
  const headers = ["content-type", "application/json", "content-length", String(bytesOut)];
  if (session && "method" in message && message.method === "initialize") headers.push("mcp-session-id", session.id);
  response.writeHead(status, headers).end(text);
}

/** Headers that keep proxies from holding a stream back (2026-07-28, Streamable HTTP, Receiving Messages). */
export function startStream(response: ServerResponse): void {
  response.writeHead(200, [
    "content-type",
    "text/event-stream",
    "cache-control",
    "no-cache",
    "x-accel-buffering",
    "no",
  ]);
  response.flushHeaders();
}

/** Ends the stream when the member's access ends, and keeps it from looking dead. Answers what ends the keeping. */
export function keepOpen({ org, token, response }: Exchange, streams: Dependencies["streams"]): () => void {
  const remove = streams.add(org, token, () => response.destroy());
  const beat = setInterval(() => response.write(":\n\n"), KEEP_ALIVE_MS);
  beat.unref();
  const close = () => {
    clearInterval(beat);
    remove();
  };
  response.once("close", close);
  return close;
}

/** Faults that are the answer to a well-formed request, and not a failure of HTTP. */
const IN_BAND = new Set(["invalid_params", "upstream_failed", "upstream_timeout", "egress_refused", "internal"]);

/** A fault as the answer, as far as one can still be given. */
export function refuse(exchange: Exchange, fault: Fault): void {
  const { response, message } = exchange;
  const id = message !== undefined && isRequest(message) ? message.id : undefined;
  const { status, headers, body } = renderFault(fault, "jsonrpc", { id, traceId: exchange.operation?.traceId });
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    response.end(`event: message\ndata: ${body}\n\n`);
    return;
  }
  const inBand = exchange.accepted && id !== undefined && IN_BAND.has(fault.code);
  response.writeHead(inBand ? 200 : status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}
