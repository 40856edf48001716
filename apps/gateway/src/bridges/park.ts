import { hash, randomUUID } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { META, MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { isRequest, isResponse, type Message, type Params, type Request, type Response } from "@gatehouse/mcp/message";
import type { SseEvent } from "@gatehouse/mcp/sse";
import {
  MISSING_CAPABILITY,
  toDiscoverResult,
  toInputRequest,
  toLegacyParams,
  toMissingCapability,
  toModernError,
  toModernResult,
  URL_ELICITATION_REQUIRED,
} from "@gatehouse/mcp/translate";
import { backOf } from "../backs/back.ts";
import { rewriteResult } from "../backs/rewrite.ts";
import type { Ending, Receiver, UpstreamCall } from "../backs/streamable-http.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { interrupted } from "../replicas/continue-elsewhere.ts";
import { canAnswer, neededFor } from "./capabilities.ts";
import { openHandle, sealHandle } from "./handles.ts";
import { note, readOn, startOfStream } from "./read-on.ts";
import { cancelledNotification, isAsVerbose, type UpstreamSession } from "./upstream-session.ts";

/** Asks that come within this time of each other are put to the client in one round. */
const QUIET_MS = 50;
const METHOD_NOT_FOUND = -32601;
const PARKED_MS_MAX = 10 * 60_000;
const PARKED_PER_MEMBER_MAX = 8;

type RpcError = NonNullable<Response["error"]>;

/** Calls of this process that wait for a modern client to come back with what was asked of it. */
export type Parking = Map<string, ParkableCall>;

/** What modern clients have no word for, however well the upstream knows it; a task's id means nothing in another era. */
const LEGACY_ONLY = new Set(
  (
    "initialize ping logging/setLevel resources/subscribe resources/unsubscribe " +
    "tasks/get tasks/list tasks/result tasks/cancel tasks/update"
  ).split(" "),
);

/**
 * A modern client at a legacy upstream: an ask on the upstream's stream ends the answer with `input_required`, the stream
 * is kept, and the client's next round goes on with it.
 */
export async function sendToLegacy(exchange: Exchange, front: Receiver, deps: Dependencies): Promise<void> {
  const request = exchange.message;
  if (!isRequest(request)) return front.accept();
  if (LEGACY_ONLY.has(request.method)) throw new Fault("method_not_found", `There is no method ${request.method}`);
  const { requestState, inputResponses } = request.params ?? {};
  if (requestState !== undefined) return claim(exchange, requestState, deps).resume(exchange, front, inputResponses);
  const session = await deps.upstreamSessions.open(exchange);
  if (request.method === "server/discover") return answerDiscover(request, front, session);
  const logLevel = request.params?._meta?.[META.logLevel];
  if (typeof logLevel === "string") await session.wantLogLevel(exchange, logLevel);
  return new ParkableCall(exchange, session, deps).start(front);
}

function answerDiscover({ id }: Request, front: Receiver, { initialized }: UpstreamSession): Promise<void> {
  return answer(front, { jsonrpc: "2.0", id, result: toDiscoverResult(initialized, MODERN_VERSIONS) });
}

/** Of errors that are HTTP's too (2026-07-28, Streamable HTTP, Error Handling). */
const STATUS: Record<number, number> = { [METHOD_NOT_FOUND]: 404, [MISSING_CAPABILITY]: 400 };

function answer(front: Receiver, response: Response): Promise<void> {
  const status = STATUS[response.error?.code ?? 0] ?? 200;
  return front.end(response, JSON.stringify(response), { status, sessionId: null });
}

function claim(exchange: Exchange, requestState: unknown, { vault, parking, replicaId }: Dependencies): ParkableCall {
  const handle = openHandle(vault, exchange.token, String(requestState));
  if (!handle || handle.bound !== digestOf(exchange)) {
    throw new Fault(
      "invalid_params",
      "This requestState is not for this request, or has expired. Send the request anew, without it.",
    );
  }
  if (handle.replica !== replicaId) throw interrupted();
  const call = parking.get(handle.id);
  if (call) return call;
  throw new Fault(
    "invalid_params",
    "This requestState has been used, or was given up for newer ones. Send the request anew, without it.",
  );
}

/** What must be the same in every round: the method and its params, but for what rounds are made of. */
function digestOf({ message }: Exchange): string {
  const { method, params } = message as Request;
  return hash("sha256", JSON.stringify([method, toLegacyParams({ ...params, _meta: {} })]), "base64");
}

class ParkableCall implements Receiver {
  readonly #id = randomUUID();
  readonly #deps: Dependencies;
  #session: UpstreamSession;
  #requestId = 0;
  #leave = () => {};
  /** The round under way, or the last one. */
  #exchange: Exchange;
  #front: Receiver | null = null;
  #round = Promise.withResolvers<void>();
  #call: UpstreamCall | null = null;
  readonly #place = startOfStream();
  readonly #gone = new AbortController();
  /** Asks that the client has not answered, by the name that it knows them by. */
  #asks = new Map<string, Request>();
  #askCount = 0;
  #quiet: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  /** What the upstream asked for that the client has not declared. */
  #lacking: Params | null = null;
  /** How the call ended while it was parked. */
  #ended: Response | Error | null = null;

  constructor(exchange: Exchange, session: UpstreamSession, deps: Dependencies) {
    this.#exchange = exchange;
    this.#deps = deps;
    this.#session = session;
  }

  start(front: Receiver): Promise<void> {
    const round = this.#begin(this.#exchange, front);
    this.#send().catch((error) => this.#fail(error));
    return round;
  }

  /** A session that the upstream has forgotten is opened anew, once. */
  async #send(): Promise<void> {
    await this.#join(this.#session);
    if ((await this.#post()) === "answered") return this.#leaveSession();
    const { upstreamSessions } = this.#deps;
    this.#leaveSession();
    upstreamSessions.forget(this.#session);
    await this.#join(await upstreamSessions.open(this.#exchange));
    if ((await this.#post()) === "answered") return this.#leaveSession();
    throw new Fault(
      "upstream_failed",
      `${this.#exchange.connector.name} forgets its sessions as soon as they are opened`,
    );
  }

  #post(): Promise<Ending> {
    const { method, params } = this.#exchange.message as Request;
    const message = { jsonrpc: "2.0", id: this.#requestId, method, params: toLegacyParams(params) } as const;
    this.#call = backOf(this.#exchange, this.#deps).post(this.#exchange, this.#session.outbound(message), this);
    return this.#call.ended;
  }

  async #join(session: UpstreamSession): Promise<void> {
    this.#session = session;
    this.#requestId = session.nextRequestId();
    this.#leave = await session.hear(this.#exchange, { ask: (ask) => this.#ask(ask) });
  }

  #leaveSession(): void {
    this.#leave();
    this.#leave = () => {};
  }

  resume(exchange: Exchange, front: Receiver, inputResponses: unknown): Promise<void> {
    this.#deps.parking.delete(this.#id);
    clearTimeout(this.#expiry);
    const round = this.#begin(exchange, front);
    if (this.#ended) this.#settle(this.#ended);
    else this.#reply((inputResponses ?? {}) as Record<string, unknown>).catch((error) => this.#fail(error));
    return round;
  }

  #begin(exchange: Exchange, front: Receiver): Promise<void> {
    this.#exchange = exchange;
    this.#front = front;
    this.#round = Promise.withResolvers();
    exchange.response.once("close", () => this.#clientLeft(exchange));
    return this.#round.promise;
  }

  /** What the client left out is asked once more. */
  async #reply(inputResponses: Record<string, unknown>): Promise<void> {
    for (const [name, ask] of this.#asks) {
      const result = inputResponses[name];
      if (typeof result !== "object" || result === null) continue;
      this.#asks.delete(name);
      await this.#session.tell(this.#exchange, {
        jsonrpc: "2.0",
        id: ask.id,
        result: result as Record<string, unknown>,
      });
    }
    if (this.#asks.size > 0) this.#parkWhenQuiet();
  }

  open(): void {}

  onDrain(listener: () => void): void {
    this.#front?.onDrain(listener);
  }

  accept(): void {}

  /** The upstream has closed its stream and goes on in another, which it answers a GET with. */
  leave(): Promise<void> {
    const outbound = this.#session.outbound(cancelledNotification(this.#requestId));
    const open = (lastEventId?: string) =>
      backOf(this.#exchange, this.#deps).listen(this.#exchange, outbound, lastEventId);
    const { upstreamTimeoutMs } = this.#deps;
    const take = (data: string) => this.#readOn(JSON.parse(data));
    return readOn(this.#exchange.org, this.#place, open, take, { upstreamTimeoutMs, signal: this.#gone.signal });
  }

  #readOn(message: Message): Promise<void> | undefined {
    if (!isResponse(message)) this.event(message, {});
    if (!isResponse(message) || message.id !== this.#requestId) return undefined;
    rewriteResult(this.#exchange, message);
    return this.end(message);
  }

  event(message: Message | null, event: SseEvent): boolean {
    note(this.#place, event);
    if (!message || !("method" in message)) return true;
    if (isRequest(message)) {
      this.#ask(message);
      return true;
    }
    if (!this.#front || !this.#isForThisCall(message)) return true;
    return this.#front.event(message, { event: "message", data: JSON.stringify(message) });
  }

  #isForThisCall({ method, params }: { method: string; params?: Params }): boolean {
    if (method === "notifications/progress") return true;
    const wanted = (this.#exchange.message as Request).params?._meta?.[META.logLevel];
    return (
      method === "notifications/message" && typeof wanted === "string" && isAsVerbose(String(params?.level), wanted)
    );
  }

  /** What the client has not said it can do is refused in its name; what it can do waits for the others of its round. */
  #ask(ask: Request): void {
    if (ask.method === "ping") return this.#answerAsk(ask, { result: {} });
    if (!canAnswer(declaredBy(this.#exchange), ask)) return this.#refuse(ask);
    this.#asks.set(`ask-${++this.#askCount}`, ask);
    this.#parkWhenQuiet();
  }

  #refuse(ask: Request): void {
    this.#lacking = { ...this.#lacking, ...neededFor(ask) };
    const message = `The client does not support ${ask.method}`;
    this.#answerAsk(ask, { error: { code: METHOD_NOT_FOUND, message } });
  }

  #answerAsk({ id }: Request, reply: Pick<Response, "result" | "error">): void {
    this.#session.tell(this.#exchange, { jsonrpc: "2.0", id, ...reply }).catch((error) => this.#fail(error));
  }

  #parkWhenQuiet(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#park(), QUIET_MS);
  }

  #park(): void {
    const { token, message } = this.#exchange;
    const { parking, vault, replicaId } = this.#deps;
    if (!this.#front || this.#ended) return;
    this.#makeRoom();
    parking.set(this.#id, this);
    this.#expiry = setTimeout(() => this.#expire(), PARKED_MS_MAX).unref();
    const inputRequests = Object.fromEntries([...this.#asks].map(([name, ask]) => [name, toInputRequest(ask)]));
    const handle = {
      replica: replicaId,
      id: this.#id,
      bound: digestOf(this.#exchange),
      expiresAt: Date.now() + PARKED_MS_MAX,
    };
    const requestState = sealHandle(vault, token, handle);
    this.#settle({
      jsonrpc: "2.0",
      id: (message as Request).id,
      result: { resultType: "input_required", inputRequests, requestState },
    });
  }

  /** Where a member has as many calls parked as may be, the one that has waited the longest is given up. */
  #makeRoom(): void {
    const { orgId, subject } = this.#exchange.token;
    const parked = [...this.#deps.parking.values()].map((call) => ({ call, token: call.#exchange.token }));
    const own = parked.filter(({ token }) => token.orgId === orgId && token.subject === subject);
    if (own.length >= PARKED_PER_MEMBER_MAX) own[0]!.call.#expire();
  }

  #expire(): void {
    clearTimeout(this.#expiry);
    this.#deps.parking.delete(this.#id);
    for (const ask of this.#asks.values()) {
      this.#answerAsk(
        ask,
        ask.method === "elicitation/create"
          ? { result: { action: "cancel" } }
          : { error: { code: -1, message: "Nobody answered" } },
      );
    }
    this.#cancel();
  }

  #cancel(): void {
    this.#session.tell(this.#exchange, cancelledNotification(this.#requestId)).catch(() => {});
    const fault = new Fault("request_timeout", "The client has gone, which cancels the request");
    this.#call?.abort(fault);
    this.#gone.abort(fault);
  }

  /** On the modern edge, a closed stream cancels; between rounds, nobody is there to leave. */
  #clientLeft(exchange: Exchange): void {
    if (this.#front && this.#exchange === exchange) this.#cancel();
  }

  async end({ result, error }: Response): Promise<void> {
    const { id, method } = this.#exchange.message as Request;
    const failure = error ?? (this.#lacking && toolErrorIn(result));
    if (failure) this.#settle({ jsonrpc: "2.0", id, ...this.#translate(failure) });
    else this.#settle({ jsonrpc: "2.0", id, result: toModernResult(method, result ?? {}) });
    await this.#round.promise;
  }

  #translate(error: RpcError): Pick<Response, "result" | "error"> {
    if (this.#lacking) return { error: toMissingCapability(error, this.#lacking) };
    const asks = urlAsksIn(error);
    if (!asks) return { error: toModernError(error) };
    if (!canAnswer(declaredBy(this.#exchange), asks[0]!))
      return { error: toMissingCapability(error, neededFor(asks[0]!)) };
    const inputRequests = Object.fromEntries(asks.map((ask, index) => [`ask-${index + 1}`, toInputRequest(ask)]));
    return { result: { resultType: "input_required", inputRequests } };
  }

  #fail(error: Error): void {
    this.#leaveSession();
    clearTimeout(this.#quiet);
    if (this.#front) {
      this.#front = null;
      this.#round.reject(error);
    } else this.#ended ??= error;
  }

  /** Ends the round, or keeps what would have ended it for the next. */
  #settle(ended: Response | Error): void {
    if (ended instanceof Error) return this.#fail(ended);
    const front = this.#front;
    if (!front) {
      this.#ended = ended;
      return;
    }
    this.#front = null;
    const response = { ...ended, id: (this.#exchange.message as Request).id };
    answer(front, response).then(this.#round.resolve, this.#round.reject);
  }
}

const declaredBy = ({ message }: Exchange): unknown => (message as Request).params?._meta?.[META.clientCapabilities];

/** Servers' SDKs make results of what a tool throws; `null` for one that did not fail. */
function toolErrorIn(result: Response["result"]): RpcError | null {
  if (result?.isError !== true) return null;
  const content = Array.isArray(result.content) ? result.content : [];
  const text = content.flatMap((block) => (typeof block?.text === "string" ? [block.text] : []));
  return { code: MISSING_CAPABILITY, message: text.join("\n") || "The tool could not ask what it needs to know" };
}

/** A legacy upstream that wants a page opened first says so in an error; a modern one asks for it. */
function urlAsksIn({ code, data }: RpcError): Request[] | null {
  const elicitations = (data as { elicitations?: Params[] } | undefined)?.elicitations;
  if (code !== URL_ELICITATION_REQUIRED || !Array.isArray(elicitations) || elicitations.length === 0) return null;
  return elicitations.map((params) => {
    return { jsonrpc: "2.0", id: 0, method: "elicitation/create", params: { mode: "url", ...params } };
  });
}
