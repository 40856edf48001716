import { describeFailure } from "@gatehouse/egress/egress";
import { Fault } from "@gatehouse/faults";
import { isRequest, isResponse, type Message, type Request, type Response } from "@gatehouse/mcp/message";
import { readSse, type SseEvent, type SseReader } from "@gatehouse/mcp/sse";
import type { Dispatcher } from "undici";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import type { Front } from "../fronts/streamable-http.ts";
import { rewriteResult } from "./rewrite.ts";
import { isLongLived, upstreamBody, upstreamHeaders } from "./upstream-request.ts";

/** How a POST to the upstream ended: answered, or refused because the upstream has forgotten the session. */
export type Ending = "answered" | "session_lost";

type Used = Pick<Dependencies, "egress" | "telemetry" | "sessions" | "upstreamTimeoutMs">;

const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** A stream that the upstream leaves open after its response is closed after this time. */
const LINGER_MS = 1000;

/** Sends the exchange's message to an upstream of Streamable HTTP, and tells the front of what comes back. */
export function postUpstream(exchange: Exchange, front: Front, deps: Used): Promise<Ending> {
  const { connector } = exchange;
  const operation = deps.telemetry.startClient(exchange.operation, () => ({
    "server.address": connector.origin,
    "gatehouse.connector": connector.slug,
  }));
  const kind = isLongLived(exchange) ? "streams" : "calls";
  return new Promise<Ending>((resolve, reject) => {
    const answer = new UpstreamAnswer(exchange, front, deps.sessions, (ending) => {
      const failed = ending instanceof Error;
      operation.end(failed ? "upstream_failed" : undefined);
      if (failed) reject(ofConnector(ending, exchange));
      else resolve(ending);
    });
    exchange.sent = true;
    deps.egress.pool({ origin: connector.origin, exception: connector.egressException }, kind).dispatch(
      {
        path: connector.path,
        method: "POST",
        headers: upstreamHeaders(exchange, operation.traceparent),
        body: upstreamBody(exchange, operation.traceparent),
        headersTimeout: deps.upstreamTimeoutMs,
        bodyTimeout: kind === "streams" ? 0 : deps.upstreamTimeoutMs,
      },
      answer,
    );
  });
}

/** Names the connector, and says whether the call may have had an effect. */
export function ofConnector(error: Error, { connector, access, message }: Exchange): Error {
  const fault = describeFailure(error, new URL(connector.origin).host);
  if (!fault.code.startsWith("upstream_") && fault.code !== "egress_refused") return fault;
  const isWrite = access === "write" && message !== undefined && isRequest(message);
  const advice = isWrite ? "The call may have had an effect: look before trying again." : "Trying again may help.";
  return new Fault(fault.code, `${connector.name}: ${fault.message}. ${advice}`, { cause: error });
}

/** Reads one answer of the upstream's as it comes: a JSON object, an event stream, or an empty 202. */
class UpstreamAnswer implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;
  readonly #front: Front;
  readonly #sessions: Dependencies["sessions"];
  readonly #settle: (ending: Ending | Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #sessionId: string | null = null;
  #reader: SseReader | null = null;
  #chunks: Buffer[] = [];
  #length = 0;
  /** The response has come: nothing after it is looked at. */
  #answered = false;
  #resumable = false;
  #settled = false;

  constructor(
    exchange: Exchange,
    front: Front,
    sessions: Dependencies["sessions"],
    settle: (ending: Ending | Error) => void,
  ) {
    this.#exchange = exchange;
    this.#front = front;
    this.#sessions = sessions;
    this.#settle = settle;
    if (exchange.era === "modern") exchange.response.once("close", () => this.#clientLeft());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    const sessionId = headers["mcp-session-id"];
    if (typeof sessionId === "string") this.#sessionId = sessionId;
    if (status !== 200 || !String(headers["content-type"]).startsWith("text/event-stream")) return;
    this.#front.open();
    this.#reader = readSse((event) => this.#onEvent(event), ANSWER_BYTES_MAX);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    try {
      if (this.#reader) return this.#reader.read(chunk);
      this.#length += chunk.length;
      if (this.#length > ANSWER_BYTES_MAX) throw new RangeError();
      this.#chunks.push(chunk);
    } catch (error) {
      this.#end(error instanceof RangeError ? tooLarge() : (error as Error));
      controller.abort(error as Error);
    }
  }

  onResponseEnd(): void {
    if (this.#answered || this.#settled) return;
    if (!this.#reader) return this.#onBody();
    if (!this.#resumable) return this.#end(new Fault("upstream_failed", "its answer broke off in the middle"));
    this.#answered = true;
    this.#front.leave().then(
      () => this.#end("answered"),
      (error) => this.#end(error),
    );
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#answered) this.#end(error);
  }

  #end(ending: Ending | Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(ending);
  }

  /** On the modern edge, a closed stream cancels (2026-07-28, Cancellation); the upstream is told in the same way. */
  #clientLeft(): void {
    if (this.#answered || this.#settled) return;
    const cancelled = new Fault("request_timeout", "The client closed the stream, which cancels the request");
    this.#end(cancelled);
    this.#controller?.abort(cancelled);
  }

  #onEvent(event: SseEvent): void {
    if (this.#answered) return;
    const legacy = this.#exchange.era === "legacy";
    if (event.id !== undefined) this.#resumable = legacy;
    const message = event.data ? parseAnswer(event.data) : null;
    if (message && isResponse(message)) {
      if (message.id === (this.#exchange.message as Request).id) this.#complete(message, event.data!);
      return;
    }
    if (!message && !legacy) return;
    if (this.#front.event(legacy ? event : { event: "message", data: event.data! })) return;
    this.#controller?.pause();
    this.#front.onDrain(() => this.#controller?.resume());
  }

  #onBody(): void {
    const { message } = this.#exchange;
    if (!isRequest(message)) return this.#onTaken();
    const text = (this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)).toString();
    const answer = tryParse(text);
    if (answer && isResponse(answer) && answer.id === message.id) return this.#complete(answer, text);
    if (this.#isSessionLost()) return this.#end("session_lost");
    if (answer && isResponse(answer) && answer.error && this.#status >= 400) {
      return this.#complete({ ...answer, id: message.id }, null);
    }
    this.#end(this.#describeStatus());
  }

  /** A notification, or the client's response to an ask. */
  #onTaken(): void {
    if (this.#isSessionLost()) return this.#end("session_lost");
    if (this.#status >= 300) return this.#end(this.#describeStatus());
    this.#front.accept();
    this.#end("answered");
  }

  /** Some servers answer a session that they have forgotten with 400 instead of 404. */
  #isSessionLost(): boolean {
    return (this.#status === 404 || this.#status === 400) && this.#exchange.session?.upstreamId != null;
  }

  #describeStatus(): Fault {
    if (this.#status === 401 || this.#status === 403) {
      return new Fault("upstream_failed", `it refuses the credential that it was sent (HTTP ${this.#status})`);
    }
    if (this.#status === 200) return new Fault("upstream_failed", "its answer is not an answer to this request");
    return new Fault("upstream_failed", `it answered HTTP ${this.#status}`);
  }

  #complete(answer: Response, text: string | null): void {
    this.#answered = true;
    const changed = rewriteResult(this.#exchange, answer);
    const finalText = changed || text === null ? JSON.stringify(answer) : text;
    this.#finish(answer, finalText).then(
      () => this.#end("answered"),
      (error) => this.#end(error),
    );
    if (this.#reader) setTimeout(() => this.#controller?.abort(new Error("the answer is complete")), LINGER_MS).unref();
  }

  async #finish(answer: Response, text: string): Promise<void> {
    await this.#openSession(answer);
    await this.#front.end(answer, text, this.#reader ? 200 : this.#status);
  }

  async #openSession({ result }: Response): Promise<void> {
    const { message, token } = this.#exchange;
    if (!result || (message as Request).method !== "initialize") return;
    this.#exchange.session = await this.#sessions.create(token, {
      upstreamId: this.#sessionId,
      protocolVersion: String(result.protocolVersion),
      initialize: (message as Request).params ?? {},
    });
  }
}

function parseAnswer(text: string): Message {
  const message = tryParse(text);
  if (message) return message;
  throw new Fault("upstream_failed", "it sent an event that is not JSON");
}

function tryParse(text: string): Message | null {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function tooLarge(): Fault {
  return new Fault("upstream_failed", `its answer is longer than ${ANSWER_BYTES_MAX} bytes`);
}
