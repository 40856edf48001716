import { randomUUID } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { isRequest, isResponse, type Message, type Params, type Request, type Response } from "@gatehouse/mcp/message";
import {
  type ClientContext,
  toInitializeResult,
  toLegacyError,
  toLegacyResult,
  toModernParams,
} from "@gatehouse/mcp/translate";
import type { Receiver } from "../backs/streamable-http.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { interrupted } from "../replicas/continue-elsewhere.ts";
import type { ClientSession } from "../sessions.ts";
import { type Ask, canAnswer, neededFor } from "./capabilities.ts";
import { openHandle, sealHandle } from "./handles.ts";
import { ModernRequest } from "./modern-request.ts";

const ANSWER_MS_MAX = 10 * 60_000;
/** An upstream that asks more often than this for one call asks for ever. */
const ROUNDS_MAX = 20;

/** Hints to whichever replica runs the call. */
export const CANCELLED = "call.cancelled";

/** What legacy clients of this process wait for, and are waited for with. */
export interface Driving {
  /** Running calls by session and request id, for `notifications/cancelled`. */
  running: Map<string, DrivenCall>;
  /** Asks that a client has not answered, by the id within their handle. */
  asked: Map<string, (reply: Response) => void>;
}

export const openDriving = (): Driving => ({ running: new Map(), asked: new Map() });

/** What a session that has ended was waiting for is of no use to anybody. */
export function endCallsOf(sessionId: string, { running }: Driving): void {
  for (const [key, call] of running) if (key.startsWith(`${sessionId} `)) call.cancel();
}

/**
 * A legacy client at a modern upstream: what a session remembers goes along with every request, and an `input_required`
 * becomes requests on the client's stream, and then the call again.
 */
export function sendToModern(exchange: Exchange, front: Receiver, deps: Dependencies): Promise<void> {
  const { message } = exchange;
  if (isResponse(message)) return takeReply(exchange, message, front, deps);
  if (!isRequest(message)) return takeNotification(exchange, message, front, deps);
  const answerHere = ANSWERED_HERE.get(message.method);
  if (answerHere) return answerHere(exchange, message, front, deps);
  return new DrivenCall(exchange, message, front, deps).run();
}

type Answerer = (exchange: Exchange, request: Request, front: Receiver, deps: Dependencies) => Promise<void>;

/** Verbs of a session, which a modern upstream knows nothing of, and what legacy clients have no word for. */
const ANSWERED_HERE = new Map<string, Answerer>(
  Object.entries({
    initialize: answerInitialize,
    ping: (_exchange, { id }, front) => answer(front, { jsonrpc: "2.0", id, result: {} }),
    async "logging/setLevel"({ session }, { id, params }, front, { sessions }) {
      await sessions.refresh(session!);
      session!.logLevel = String(params?.level);
      await sessions.save(session!);
      await answer(front, { jsonrpc: "2.0", id, result: {} });
    },
    "server/discover": refuseMethod,
    "subscriptions/listen": refuseMethod,
    "tasks/get": refuseMethod,
    "tasks/list": refuseMethod,
    "tasks/result": refuseMethod,
    "tasks/cancel": refuseMethod,
    "tasks/update": refuseMethod,
    "resources/subscribe": (exchange, request, front, deps) =>
      changeSubscriptions(exchange, request, front, deps, true),
    "resources/unsubscribe": (exchange, request, front, deps) =>
      changeSubscriptions(exchange, request, front, deps, false),
  } satisfies Record<string, Answerer>),
);

function answer(front: Receiver, response: Response): Promise<void> {
  return front.end(response, JSON.stringify(response), { status: 200, sessionId: null });
}

/** A task's id means nothing in another era. With HTTP's 404, a legacy client would take its session for lost. */
function refuseMethod(_exchange: Exchange, { id, method }: Request, front: Receiver): Promise<void> {
  return answer(front, { jsonrpc: "2.0", id, error: { code: -32601, message: `There is no method ${method}` } });
}

async function answerInitialize(
  exchange: Exchange,
  request: Request,
  front: Receiver,
  deps: Dependencies,
): Promise<void> {
  const message = { ...request, method: "server/discover", params: toModernParams({}, contextOf(request.params)) };
  const { result, error } = await new ModernRequest(exchange, deps).send(message);
  const { id } = request;
  if (!result) return answer(front, { jsonrpc: "2.0", id, error: toLegacyError(error!) });
  await answer(front, { jsonrpc: "2.0", id, result: toInitializeResult(result, exchange.protocolVersion) });
}

async function changeSubscriptions(
  { session }: Exchange,
  { id, params }: Request,
  front: Receiver,
  { sessions, listening }: Dependencies,
  wanted: boolean,
): Promise<void> {
  await sessions.refresh(session!);
  const subscriptions = new Set(session!.subscriptions ?? []);
  if (wanted) subscriptions.add(String(params?.uri));
  else subscriptions.delete(String(params?.uri));
  session!.subscriptions = [...subscriptions];
  await sessions.save(session!);
  await listening.get(session!.id)?.();
  await answer(front, { jsonrpc: "2.0", id, result: {} });
}

async function takeNotification(
  exchange: Exchange,
  message: Message,
  front: Receiver,
  { driving, state }: Dependencies,
): Promise<void> {
  if ("method" in message && message.method === "notifications/cancelled") {
    const key = runningKey(exchange.session!, message.params?.requestId);
    const running = driving.running.get(key);
    if (running) running.cancel();
    else state.hint(CANCELLED, key);
  }
  front.accept();
}

async function takeReply(
  exchange: Exchange,
  reply: Response,
  front: Receiver,
  { vault, driving, replicaId }: Dependencies,
): Promise<void> {
  const handle = openHandle(vault, exchange.token, String(reply.id));
  if (handle && handle.replica !== replicaId) throw interrupted();
  const asked = handle && driving.asked.get(handle.id);
  if (!asked) throw new Fault("invalid_request", "No request waits for this response");
  asked(reply);
  front.accept();
}

const runningKey = ({ id }: ClientSession, requestId: unknown) => `${id} ${JSON.stringify(requestId)}`;

/** What a legacy client said in `initialize`, as it goes along with every request. */
function contextOf(initialize: Params | undefined, logLevel?: string): ClientContext {
  return {
    protocolVersion: MODERN_VERSIONS[0]!,
    capabilities: (initialize?.capabilities ?? {}) as Record<string, unknown>,
    clientInfo: initialize?.clientInfo,
    logLevel,
  };
}

function contextOfSession({ initialize, logLevel }: ClientSession): ClientContext {
  return contextOf(initialize, logLevel);
}

const nobodyThere = () =>
  new Fault("request_timeout", "The client has gone, and nobody can answer what the upstream asks");

/** A legacy client's request, for as many rounds as a modern upstream needs. */
class DrivenCall {
  readonly #exchange: Exchange;
  readonly #request: Request;
  readonly #front: Receiver;
  readonly #deps: Dependencies;
  readonly #key: string;
  readonly #cancelled = Promise.withResolvers<never>();
  #upstream: ModernRequest | null = null;
  #isAsking = false;

  constructor(exchange: Exchange, request: Request, front: Receiver, deps: Dependencies) {
    this.#exchange = exchange;
    this.#request = request;
    this.#front = front;
    this.#deps = deps;
    this.#key = runningKey(exchange.session!, request.id);
    this.#cancelled.promise.catch(() => {});
  }

  async run(): Promise<void> {
    const { running } = this.#deps.driving;
    const stream = this.#exchange.stream?.response;
    const leave = () => this.#leave();
    running.set(this.#key, this);
    stream?.once("close", leave);
    try {
      const response = await this.#rounds();
      await answer(this.#front, this.#toLegacy(response));
    } finally {
      stream?.off("close", leave);
      if (running.get(this.#key) === this) running.delete(this.#key);
    }
  }

  /** Whoever was asked cannot answer any more; what nobody was asked for runs on. */
  #leave(): void {
    if (this.#isAsking) this.#cancelled.reject(nobodyThere());
  }

  cancel(): void {
    const fault = new Fault("request_timeout", "The client cancelled the request");
    this.#upstream?.abort(fault);
    this.#cancelled.reject(fault);
  }

  async #rounds(): Promise<Response> {
    let more: Params = {};
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const params = toModernParams({ ...this.#request.params, ...more }, contextOfSession(this.#exchange.session!));
      const id = `${round}-${randomUUID()}`;
      this.#upstream = new ModernRequest(this.#exchange, this.#deps, this.#front);
      const response = await this.#upstream.send({ ...this.#request, id, params });
      if (response.result?.resultType !== "input_required") return response;
      more = await this.#gather(response.result);
    }
    throw new Fault(
      "upstream_failed",
      `${this.#exchange.connector.name} asked for more than ${ROUNDS_MAX} rounds of input`,
    );
  }

  async #gather({ inputRequests, requestState }: Record<string, unknown>): Promise<Params> {
    const asks = Object.entries((inputRequests ?? {}) as Record<string, Ask>);
    this.#checkAskable(asks.map(([, ask]) => ask));
    this.#isAsking = true;
    const stay = this.#deps.streams.whenLeaving(() => this.#cancelled.reject(interrupted()));
    const replies = asks.map(async ([name, ask]) => [name, await this.#ask(ask)] as const);
    const inputResponses = Object.fromEntries(await Promise.all(replies).finally(stay));
    this.#isAsking = false;
    return { inputResponses, ...(requestState === undefined ? {} : { requestState }) };
  }

  /** A client is asked what it has said it can answer, where it can still be reached. */
  #checkAskable(asks: Ask[]): void {
    const { session, stream, response, connector } = this.#exchange;
    if ((stream?.response ?? response).destroyed) throw nobodyThere();
    const unanswerable = asks.find((ask) => !canAnswer(session!.initialize.capabilities, ask));
    if (!unanswerable) return;
    throw new Fault(
      "invalid_params",
      `${connector.name} needs ${unanswerable.method}, and this client has not said that it can answer that`,
      { data: { requiredCapabilities: neededFor(unanswerable) } },
    );
  }

  /** One request on the client's stream, and what the client answers to it. */
  async #ask({ method, params = {} }: Ask): Promise<unknown> {
    const { driving, vault, replicaId } = this.#deps;
    const id = randomUUID();
    const expiresAt = Date.now() + ANSWER_MS_MAX;
    const reply = Promise.withResolvers<Response>();
    driving.asked.set(id, reply.resolve);
    const nobody = () => reply.reject(new Fault("request_timeout", "Nobody answered what the upstream asked"));
    const impatience = setTimeout(nobody, ANSWER_MS_MAX).unref();
    const handle = sealHandle(vault, this.#exchange.token, { replica: replicaId, id, expiresAt });
    const elicitation = params.mode === "url" ? { ...params, elicitationId: id } : params;
    const ask = { jsonrpc: "2.0", id: handle, method, params: elicitation } as const;
    this.#front.event(ask, { event: "message", data: JSON.stringify(ask) });
    const { result, error } = await Promise.race([reply.promise, this.#cancelled.promise]).finally(() => {
      clearTimeout(impatience);
      driving.asked.delete(id);
    });
    if (result) return result;
    if (method === "elicitation/create") return { action: "cancel" };
    throw new Fault("invalid_request", `The client could not answer ${method}: ${error?.message ?? "no reason given"}`);
  }

  #toLegacy({ result, error }: Response): Response {
    const { id, method } = this.#request;
    if (!result) return { jsonrpc: "2.0", id, error: toLegacyError(error!) };
    const { tool, session } = this.#exchange;
    const client = { protocolVersion: session!.protocolVersion, wrappedTool: tool?.outputIsWrapped ?? false };
    return { jsonrpc: "2.0", id, result: toLegacyResult(method, result, client) };
  }
}
