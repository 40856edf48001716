import { isUtf8 } from "node:buffer";
import { describeFailure } from "@gatehouse/egress/egress";
import { CALL } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import { isRequest, isResponse, type Message, type Request, type Response } from "@gatehouse/mcp/message";
import { Outline } from "@gatehouse/mcp/outline";
import { readSse, type SseEvent, type SseReader } from "@gatehouse/mcp/sse";
import type { Dispatcher } from "undici";
import { CredentialRefused } from "../credentials/credential-refused.ts";
import type { Dependencies } from "../dependencies.ts";
import { errorTypeIn } from "../error-type.ts";
import type { Exchange } from "../exchange.ts";
import { fetchUpstream } from "./fetch-upstream.ts";
import { Intake } from "./intake.ts";
import { isRewritten, rewriteResult } from "./rewrite.ts";
import { address, cancellationOf, isListen, type Outbound, targetOf, upstreamBody } from "./upstream-request.ts";
import type { UpstreamRequest, Upstreams } from "./upstreams.ts";

/** How a POST to the upstream ended: answered, or refused because the upstream has forgotten the session. */
export type Ending = "answered" | "session_lost";

type Used = Pick<Dependencies, "egress" | "upstreamTimeoutMs"> & { upstreams: Upstreams };

/** A request that is let in, and how it is sent: once more, where it may be. */
interface Sending extends Used {
  request: UpstreamRequest;
  dispatch: (handler: Dispatcher.DispatchHandler) => void;
}

/** A stream that the upstream leaves open after its response is closed after this time. */
const LINGER_MS = 1000;
/** An answer that is read in one piece keeps others waiting for no more than a moment. */
const LONG_BYTES = 64 * 1024;

/** Where what comes back from the upstream goes: to a client's front, or to the bridge to one of another era. */
export interface Receiver {
  /** The answer will be a stream. */
  open(): void;
  /** A notification, or an ask; `null` for an event without a message. `false` asks to hold on until `onDrain`. */
  event(message: Message | null, event: SseEvent): boolean;
  onDrain(listener: () => void): void;
  /** The response to the request; `text` is its JSON. */
  end(response: Response, text: string, upstream: UpstreamStatus): Promise<void>;
  /** A long one as it came, where `outline` is enough to know of it: without what is nested in its result or error. */
  endLong?: ((outline: Response, bytes: Buffer, upstream: UpstreamStatus) => Promise<void>) | undefined;
  /** A notification or response has been taken. */
  accept(): void;
  /** The upstream closed its stream without a response, which may be asked for again. */
  leave(): Promise<void>;
}

export interface UpstreamStatus {
  status: number;
  /** What it calls a session that it has just opened. */
  sessionId: string | null;
}

export interface UpstreamCall {
  ended: Promise<Ending>;
  /** Closes the connection, which a modern upstream takes as a cancellation; `ended` rejects with the fault. */
  abort(fault: Fault): void;
}

/** Sends a message to an upstream of Streamable HTTP, and tells the receiver of what comes back. */
export function postUpstream(exchange: Exchange, outbound: Outbound, receiver: Receiver, deps: Used): UpstreamCall {
  const isStream = isListen(outbound.message);
  const request = deps.upstreams.begin(exchange, isStream ? { isStream } : undefined);
  const dispatch = (handler: Dispatcher.DispatchHandler) =>
    deps.egress.pool(targetOf(exchange), isStream ? "streams" : "calls").dispatch(
      {
        method: "POST",
        ...address(exchange, outbound, request.traceparent),
        body: upstreamBody(outbound, request.traceparent),
        headersTimeout: deps.upstreamTimeoutMs,
        bodyTimeout: isStream ? 0 : deps.upstreamTimeoutMs,
      },
      handler,
    );
  const answer = new UpstreamAnswer(exchange, outbound, receiver, { ...deps, request, dispatch });
  exchange.sent = true;
  dispatch(answer);
  return answer;
}

/** Names the connector, and says whether the call may have had an effect. */
export function ofConnector(error: Error, { connector, access, message }: Exchange): Error {
  const fault = describeFailure(error, new URL(connector.origin).host);
  if (!fault.code.startsWith("upstream_") && fault.code !== "egress_refused") return fault;
  const isWrite = access === "write" && message !== undefined && isRequest(message);
  const advice = isWrite ? "The call may have had an effect: look before trying again." : "Trying again may help.";
  return new Fault(fault.code, `${connector.name}: ${fault.message}. ${advice}`, { cause: error });
}

/** When a whole answer has taken too long, on the clock of `performance.now()`. */
export const overAt = (silenceMs: number) => performance.now() + silenceMs * CALL.silencesMax;
export const endless = () => new Fault("upstream_timeout", "its answer came to no end in time");

/** Reads one answer of the upstream's as it comes: a JSON object, an event stream, or an empty 202. */
class UpstreamAnswer implements Dispatcher.DispatchHandler, UpstreamCall {
  readonly ended: Promise<Ending>;
  readonly #exchange: Exchange;
  readonly #outbound: Outbound;
  readonly #receiver: Receiver;
  readonly #request: UpstreamRequest;
  readonly #dispatch: Sending["dispatch"];
  #isRetried = false;
  readonly #egress: Used["egress"];
  /** On the clock of `performance.now()`. */
  readonly #overAt: number;
  readonly #bytesMax: number;
  readonly #intake: Intake;
  #resolve!: (ending: Ending) => void;
  #reject!: (error: Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #sessionId: string | null = null;
  #reader: SseReader | null = null;
  #chunks: Buffer[] = [];
  /** Of a long answer that can go through as it came. */
  #outline: Outline | null = null;
  #length = 0;
  /** Until the client has taken what it was told. */
  #isHeld = false;
  /** Why no more is read for now: so many reasons. */
  #holds = 0;
  /** The response has come: nothing after it is looked at. */
  #answered = false;
  /** What the response says that went wrong. */
  #error: string | undefined;
  #resumable = false;
  #settled = false;

  constructor(
    exchange: Exchange,
    outbound: Outbound,
    receiver: Receiver,
    { egress, upstreamTimeoutMs, request, dispatch }: Sending,
  ) {
    const isEndless = isListen(outbound.message);
    this.#overAt = isEndless ? Number.POSITIVE_INFINITY : overAt(upstreamTimeoutMs);
    this.#bytesMax = isEndless ? Number.POSITIVE_INFINITY : CALL.streamBytesMax;
    this.#intake = new Intake(exchange.org);
    this.#exchange = exchange;
    this.#outbound = outbound;
    this.#receiver = receiver;
    this.#request = request;
    this.#dispatch = dispatch;
    this.#egress = egress;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  abort(fault: Fault): void {
    if (this.#answered || this.#settled) return;
    this.#end(fault);
    this.#controller?.abort(fault);
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
    this.#receiver.open();
    this.#reader = readSse((event) => this.#onEvent(event), CALL.answerBytesMax);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#answered || this.#settled) return;
    const now = performance.now();
    try {
      this.#length += chunk.length;
      if (this.#length > (this.#reader ? this.#bytesMax : CALL.answerBytesMax)) throw new RangeError();
      if (now > this.#overAt) throw endless();
      if (this.#reader) this.#reader.read(chunk);
      else this.#keep(chunk);
      this.#rest(this.#intake.take(chunk.length, now));
    } catch (error) {
      this.#giveUp(error instanceof RangeError ? tooLarge() : (error as Error));
      controller.abort(error as Error);
    }
  }

  #keep(chunk: Buffer): void {
    const isFirstOfLong = this.#length > LONG_BYTES && this.#length - chunk.length <= LONG_BYTES;
    if (isFirstOfLong && this.#receiver.endLong && !isRewritten(this.#exchange)) {
      this.#outline = new Outline();
      for (const kept of this.#chunks) this.#outline.read(kept);
    }
    this.#outline?.read(chunk);
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#answered || this.#settled) return;
    if (!this.#reader) return this.#onWhole();
    this.#breakOff(new Fault("upstream_failed", "its answer broke off in the middle"));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#answered || this.#settled) return;
    const retryAfterMs = this.#isRetried || this.#status > 0 ? null : this.#request.retryAfterMs(error);
    if (retryAfterMs !== null) this.#retry(retryAfterMs);
    else if (isTimeout(error)) this.#giveUp(error);
    else this.#breakOff(error);
  }

  #retry(afterMs: number): void {
    this.#isRetried = true;
    this.#controller = null;
    setTimeout(() => this.#settled || this.#dispatch(this), afterMs);
  }

  /** The rest can be asked for again where the stream has said how far it went. */
  #breakOff(error: Error): void {
    if (!this.#resumable) return this.#giveUp(error);
    this.#receiver.leave().then(
      () => this.#end("answered"),
      (unread) => this.#giveUp(unread),
    );
  }

  /** Ends without the answer, on which the upstream need not work any longer; a modern one sees its stream close. */
  #giveUp(error: Error): void {
    if (this.#settled) return;
    this.#end(error);
    const cancellation = this.#controller && cancellationOf(this.#outbound);
    if (cancellation) fetchUpstream("POST", this.#exchange, cancellation, this.#egress).catch(() => {});
  }

  #end(ending: Ending | Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#intake.letGo();
    if (!(ending instanceof Error)) {
      this.#request.answered(this.#status, this.#error);
      return this.#resolve(ending);
    }
    this.#request.failed(ending, this.#status);
    this.#reject(ofConnector(ending, this.#exchange));
  }

  /** A batch is its messages, one after the other (2025-03-26, Batching). */
  #onEvent(event: SseEvent): void {
    this.#intake.letGo();
    if (!event.data?.startsWith("[")) return this.#onMessage(event);
    for (const data of splitBatch(event.data)) this.#onMessage({ ...event, data });
  }

  #onMessage(event: SseEvent): void {
    if (this.#answered) return;
    if (event.id !== undefined) this.#resumable = this.#outbound.era === "legacy";
    const message = event.data ? parseAnswer(event.data) : null;
    if (message && isResponse(message)) {
      if (message.id === (this.#outbound.message as Request).id) this.#complete(message, event.data!);
      return;
    }
    if (this.#receiver.event(message, event) || this.#isHeld) return;
    this.#isHeld = true;
    this.#hold();
    this.#receiver.onDrain(() => {
      this.#isHeld = false;
      this.#readOn();
    });
  }

  #rest(ms: number): void {
    if (ms === 0) return;
    this.#hold();
    setTimeout(() => this.#readOn(), ms);
  }

  #hold(): void {
    if (this.#holds++ === 0) this.#controller?.pause();
  }

  #readOn(): void {
    if (--this.#holds === 0) this.#controller?.resume();
  }

  #onWhole(): void {
    const restMs = this.#intake.whole();
    if (restMs === 0) return this.#onBody();
    setTimeout(() => this.#settled || this.#onBody(), restMs);
  }

  #onBody(): void {
    const message = this.#outbound.message!;
    if (!isRequest(message)) return this.#onTaken();
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    // Whoever may still abort the call, for a client that takes its time, holds on to this.
    this.#chunks = [];
    const outline = this.#outline && tryParse(this.#outline.text());
    this.#outline = null;
    if (outline && isResponse(outline) && outline.id === message.id && this.#isPassedOn(outline, bytes)) {
      return this.#complete(outline, bytes);
    }
    const text = bytes.toString();
    if (text.startsWith("[")) for (const data of splitBatch(text)) this.#onMessage({ data });
    if (this.#answered) return;
    if (this.#status === 401 && this.#exchange.credential) return this.#end(describeStatus(this.#status));
    const answer = tryParse(text);
    if (answer && isResponse(answer) && answer.id === message.id) return this.#complete(answer, text);
    if (this.#isSessionLost()) return this.#end("session_lost");
    if (answer && isResponse(answer) && answer.error && this.#status >= 400) {
      return this.#complete({ ...answer, id: message.id }, null);
    }
    this.#end(describeStatus(this.#status));
  }

  /** A notification, or the client's response to an ask. */
  #onTaken(): void {
    if (this.#isSessionLost()) return this.#end("session_lost");
    if (this.#status >= 300) return this.#end(describeStatus(this.#status));
    this.#receiver.accept();
    this.#end("answered");
  }

  /** Some servers answer a session that they have forgotten with 400 instead of 404. */
  #isSessionLost(): boolean {
    return (this.#status === 404 || this.#status === 400) && this.#outbound.sessionId !== null;
  }

  #isPassedOn({ result }: Response, bytes: Buffer): boolean {
    return this.#status === 200 && result?.cacheScope !== "public" && isUtf8(bytes);
  }

  #complete(answer: Response, body: string | Buffer | null): void {
    this.#answered = true;
    this.#error = errorTypeIn(answer);
    const upstream = { status: this.#reader ? 200 : this.#status, sessionId: this.#sessionId };
    this.#tell(answer, body, upstream).then(
      () => this.#end("answered"),
      (error) => this.#end(error),
    );
    if (this.#reader) setTimeout(() => this.#controller?.abort(new Error("the answer is complete")), LINGER_MS).unref();
  }

  #tell(answer: Response, body: string | Buffer | null, upstream: UpstreamStatus): Promise<void> {
    if (Buffer.isBuffer(body)) return this.#receiver.endLong!(answer, body, upstream);
    const changed = rewriteResult(this.#exchange, answer);
    return this.#receiver.end(answer, changed || body === null ? JSON.stringify(answer) : body, upstream);
  }
}

/** What a status says of a message that it does not answer. */
export function describeStatus(status: number): Fault {
  if (status === 401) return new CredentialRefused(status);
  if (status === 403) {
    return new Fault("upstream_failed", `it refuses the credential that it was sent (HTTP ${status})`);
  }
  if (status === 200) return new Fault("upstream_failed", "its answer is not an answer to this request");
  return new Fault("upstream_failed", `it answered HTTP ${status}`);
}

function isTimeout({ code }: Error & { code?: string }): boolean {
  return code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT";
}

function parseAnswer(text: string): Message {
  const message = tryParse(text);
  if (message) return message;
  throw new Fault("upstream_failed", "it sent an event that is not JSON");
}

/** Nothing where it is none: what is neither a batch nor a message is said to be so by whoever wanted one. */
function splitBatch(text: string): string[] {
  try {
    return JSON.parse(text).map((message: unknown) => JSON.stringify(message));
  } catch {
    return [text];
  }
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
  return new Fault("upstream_failed", `its answer is longer than ${CALL.answerBytesMax} bytes`);
}
