import type { PassThrough, Readable } from "node:stream";
import { SESSION, SIGN_OF_LIFE } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import { isRequest, isResponse, type Message, type Request, type Response } from "@gatehouse/mcp/message";
import { type SseEvent, writeSse } from "@gatehouse/mcp/sse";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { toRecord } from "./fetch-upstream.ts";
import { openStream, readStream } from "./listen-upstream.ts";
import type { SseCall } from "./sse-call.ts";
import { describeStatus } from "./streamable-http.ts";
import { address, type Outbound, targetOf, upstreamBody } from "./upstream-request.ts";

type Used = Pick<Dependencies, "egress" | "upstreamTimeoutMs">;

/** Opens the stream and waits for its first event, which names the endpoint that messages are posted to. */
export async function openConnection(
  id: string,
  exchange: Exchange,
  outbound: Outbound,
  deps: Used,
): Promise<SseConnection> {
  const timeouts = { ...deps, upstreamTimeoutMs: Math.min(SESSION.timeoutMs, deps.upstreamTimeoutMs) };
  const { statusCode, headers, body } = await openStream(exchange, { ...outbound, sessionId: null }, timeouts);
  if (statusCode !== 200 || !String(headers["content-type"]).startsWith("text/event-stream")) {
    body.destroy();
    throw statusCode === 200 ? new Fault("upstream_failed", "it opens no event stream") : describeStatus(statusCode);
  }
  const connection = new SseConnection(id, exchange, body, deps);
  await connection.opened;
  return connection;
}

/** The endpoint that a stream from `from` names. Throws where it is at another origin: it would be sent the credential. */
function endpointIn(data: string, from: URL): URL {
  const endpoint = URL.parse(data, from.href);
  if (endpoint?.origin === from.origin) return endpoint;
  throw new Fault("upstream_failed", "it wants its messages sent to an address of another origin");
}

/** A session of HTTP+SSE: one stream of everything that the upstream says, and where to post what it is told. */
export class SseConnection {
  readonly id: string;
  /** Calls that wait for their answers. */
  readonly calls = new Set<SseCall>();
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  readonly #exchange: Exchange;
  readonly #body: Readable;
  readonly #deps: Used;
  readonly #listeners = new Set<PassThrough>();
  readonly #opening = Promise.withResolvers<void>();
  #endpoint: URL | null = null;
  #usedAt = performance.now();

  constructor(id: string, exchange: Exchange, body: Readable, deps: Used) {
    this.id = id;
    this.#exchange = exchange;
    this.#body = body;
    this.#deps = deps;
    this.opened = this.#opening.promise;
    const impatience = setTimeout(() => body.destroy(), SESSION.timeoutMs);
    this.opened.catch(() => {}).then(() => clearTimeout(impatience));
    this.closed = readStream(exchange.org, body, (event) => this.#take(event)).then(() => this.#lose());
  }

  /** The same upstream, opened with the same credentials. */
  serves({ connector, opening }: Exchange): boolean {
    const own = this.#exchange;
    const { id, origin, path } = own.connector;
    const isSameUpstream = connector.id === id && connector.origin === origin && connector.path === path;
    return isSameUpstream && opening?.boundary === own.opening?.boundary;
  }

  /** Zero while somebody waits or listens. */
  idleMs(): number {
    return this.calls.size + this.#listeners.size > 0 ? 0 : performance.now() - this.#usedAt;
  }

  close(): void {
    this.#body.destroy();
  }

  /** Is written what belongs to no call, for as long as it and the connection are open. */
  addListener(listener: PassThrough): void {
    this.#listeners.add(listener);
    listener.once("close", () => this.#listeners.delete(listener));
  }

  /** `false` where the upstream does not know the session any more. */
  async post(exchange: Exchange, outbound: Outbound, traceparent: string): Promise<boolean> {
    this.#usedAt = performance.now();
    const { pathname, search } = this.#endpoint!;
    const { origin, ...target } = targetOf(exchange);
    const { path, headers } = address(exchange, { ...outbound, sessionId: null }, traceparent, pathname + search);
    const { status } = await this.#deps.egress.fetch(new URL(path, origin), {
      ...target,
      method: "POST",
      headers: toRecord(headers),
      body: upstreamBody(outbound, traceparent).toString(),
      bytesMax: SIGN_OF_LIFE.bytesMax,
      timeoutMs: this.#deps.upstreamTimeoutMs,
    });
    if (status < 300) return true;
    if (status !== 404) throw describeStatus(status);
    this.close();
    return false;
  }

  #take(event: SseEvent): void | Promise<void> {
    if (event.event === "endpoint") return this.#open(event.data ?? "");
    const message = event.data ? parse(event.data) : null;
    if (!message) return;
    if (isResponse(message)) return this.#answer(message, event.data!);
    const call = this.#callOf(message);
    if (call) return call.tell(message, event) ? undefined : new Promise((drained) => call.onDrain(drained));
    return this.#tellListeners(message, event);
  }

  #open(data: string): void {
    if (this.#endpoint) return;
    try {
      this.#endpoint = endpointIn(data, new URL(this.#exchange.connector.path, this.#exchange.connector.origin));
      this.#opening.resolve();
    } catch (error) {
      this.#opening.reject(error);
      this.close();
    }
  }

  #answer(answer: Response, text: string): void {
    for (const call of this.calls) if (call.id === answer.id) return call.complete(answer, text);
  }

  /** Progress names its call; an ask or a log line, which name none, belong to the only one that is running. */
  #callOf({ method, params }: { method: string; params?: Request["params"] }): SseCall | undefined {
    const calls = [...this.calls].filter(({ isClients }) => isClients);
    if (method === "notifications/progress") {
      return calls.find(({ progressToken }) => progressToken !== undefined && progressToken === params?.progressToken);
    }
    const isOfNobody = method.startsWith("notifications/") && method !== "notifications/message";
    return isOfNobody || calls.length > 1 ? undefined : calls[0];
  }

  #tellListeners(message: Message, event: SseEvent): void | Promise<void> {
    if (this.#listeners.size === 0 && isRequest(message)) return this.#refuse(message);
    const text = writeSse({ event: "message", data: event.data! });
    for (const listener of this.#listeners) {
      if (!listener.write(text))
        return new Promise((drained) => void listener.once("drain", drained).once("close", drained));
    }
  }

  /** Nobody is there to be asked. */
  #refuse({ id, method }: Request): void {
    const error = { code: -32601, message: `Nobody listens who could answer ${method}` };
    const message = { jsonrpc: "2.0", id, ...(method === "ping" ? { result: {} } : { error }) } as const;
    const { protocolVersion } = this.#exchange;
    const outbound: Outbound = { era: "legacy", protocolVersion, sessionId: this.id, message, bytes: null };
    this.post(this.#exchange, outbound, this.#exchange.operation.traceparent).catch(() => {});
  }

  #lose(): void {
    this.#body.destroy();
    const lost = new Fault("upstream_failed", "its event stream broke off before it answered");
    this.#opening.reject(this.#endpoint ? lost : new Fault("upstream_failed", "it names no endpoint for messages"));
    for (const call of this.calls) call.abort(lost);
    for (const listener of this.#listeners) listener.end();
  }
}

function parse(data: string): Message | null {
  try {
    const message = JSON.parse(data);
    return typeof message === "object" && message !== null && !Array.isArray(message) ? message : null;
  } catch {
    return null;
  }
}
