import { setTimeout as after } from "node:timers/promises";
import { type Fault, renderFault } from "@gatehouse/faults";
import { legacyVersionOf } from "@gatehouse/mcp/eras";
import { isRequest, type Response } from "@gatehouse/mcp/message";
import { writeSse } from "@gatehouse/mcp/sse";
import type { AccessToken } from "@gatehouse/oauth/access-token";
import type { Receiver } from "../backs/streamable-http.ts";
import { followUpstream } from "../bridges/follow.ts";
import type { Dependencies } from "../dependencies.ts";
import { errorTextIn, errorTypeIn } from "../error-type.ts";
import type { Answer, Exchange } from "../exchange.ts";
import { outcomeOf } from "../steps/record.ts";
import { IN_BAND, keepOpen, onceDrained, outcomeIn, refuse, undelivered } from "./streamable-http.ts";

/** A client's stream of HTTP+SSE (2024-11-05), which carries all answers, and is its session: one ends with the other. */
export class SseStream {
  /** The GET that holds the stream open; it has the session as soon as there is one. */
  readonly exchange: Exchange;
  /** `initialize` has come, and may come once. */
  isInitialized = false;
  readonly #deps: Dependencies;
  readonly #running = new Set<Promise<unknown>>();
  #release: () => void;
  #followed: string | null | undefined;

  constructor(exchange: Exchange, deps: Dependencies) {
    this.exchange = exchange;
    this.#deps = deps;
    this.#release = keepOpen(exchange, deps.streams);
  }

  get response(): Answer {
    return this.exchange.response;
  }

  /** The stream may stay open for as long as the newest token that its client has shown. */
  renew(token: AccessToken): void {
    const { grantId, expiresAt } = this.exchange.token;
    if (token.grantId !== grantId || token.expiresAt <= expiresAt) return;
    this.#release();
    this.exchange.token = token;
    this.#release = keepOpen(this.exchange, this.#deps.streams);
  }

  /** What the upstream says unasked comes here too; from its new session, where it has forgotten the old one. */
  follow({ connector, opening }: Exchange): void {
    const { session } = this.exchange;
    Object.assign(this.exchange, { connector, opening });
    if (!session || session.upstreamId === this.#followed) return;
    this.#followed = session.upstreamId;
    followUpstream(this.exchange, this.#deps);
  }

  running(call: Promise<unknown>): void {
    this.#running.add(call);
    call.catch(() => {}).then(() => this.#running.delete(call));
  }

  /** A call whose client has gone runs on (2025-11-25, Cancellation), but not for ever. */
  async quiet(msMax: number): Promise<void> {
    await Promise.race([Promise.allSettled(this.#running), after(msMax, undefined, { ref: false })]);
  }
}

/** The edge towards a client of HTTP+SSE: what it posts is accepted, and answered on its stream. */
export function openSseFront(exchange: Exchange, stream: SseStream, { audit, sessions }: Dependencies): Receiver {
  const { message } = exchange;
  const { response } = stream;
  if (isRequest(message)) accept(exchange);

  async function finish(outcome: string, error?: string): Promise<void> {
    exchange.operation.end(error);
    if (response.destroyed) return audit.enqueue(outcomeOf(exchange, undelivered(outcome)));
    await audit.append(outcomeOf(exchange, outcome));
  }

  async function openSession({ result }: Response, upstreamId: string | null): Promise<void> {
    if (!isRequest(message) || message.method !== "initialize" || !result) return;
    const protocolVersion = legacyVersionOf(result.protocolVersion);
    const opened = { upstreamId, protocolVersion, initialize: message.params ?? {} };
    stream.exchange.session = await sessions.create(exchange.token, opened);
    exchange.session = stream.exchange.session;
  }

  return {
    open() {},
    event(_message, { data }) {
      return !data || response.destroyed || response.write(writeSse({ event: "message", data }));
    },
    onDrain: (listener) => onceDrained(response, listener),
    async end(answer, text, { sessionId }) {
      exchange.bytesOut = Buffer.byteLength(text);
      await openSession(answer, sessionId);
      exchange.error = errorTextIn(answer);
      await finish(outcomeIn(answer), errorTypeIn(answer));
      stream.follow(exchange);
      response.write(writeSse({ event: "message", data: /[\r\n]/.test(text) ? JSON.stringify(answer) : text }));
    },
    accept() {
      exchange.operation.end();
      audit.enqueue(outcomeOf(exchange, "ok"));
      accept(exchange);
      stream.follow(exchange);
    },
    leave: () => finish("unanswered"),
  };
}

function accept({ response }: Exchange): void {
  response.writeHead(202, { "content-length": 0 }).end();
}

/** A fault as the answer to a message that was posted, on the stream if that can take it. */
export function refuseOnStream(exchange: Exchange, stream: SseStream, fault: Fault): void {
  const { response, message, operation } = exchange;
  const id = message !== undefined && isRequest(message) ? message.id : undefined;
  if (id === undefined || !(response.headersSent || IN_BAND.has(fault.code))) return refuse(exchange, fault);
  if (!response.headersSent) accept(exchange);
  const { body } = renderFault(fault, "jsonrpc", { id, traceId: operation?.traceId });
  if (!stream.response.destroyed) stream.response.write(writeSse({ event: "message", data: body }));
}
