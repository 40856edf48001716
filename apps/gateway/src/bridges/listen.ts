import { Fault } from "@gatehouse/faults";
import { META } from "@gatehouse/mcp/eras";
import type { Message, Params, Request } from "@gatehouse/mcp/message";
import { writeSse } from "@gatehouse/mcp/sse";
import { toModernParams } from "@gatehouse/mcp/translate";
import type { Receiver } from "../backs/streamable-http.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { keepOpen, startStream } from "../fronts/streamable-http.ts";
import { recordOpening } from "../steps/record.ts";
import { contextOfSession } from "./drive.ts";
import { ModernRequest } from "./modern-request.ts";
import type { UpstreamSession } from "./upstream-sessions.ts";

/** What a client can subscribe to (2026-07-28, Subscriptions, Notification Filter). */
interface Filter {
  toolsListChanged?: boolean;
  promptsListChanged?: boolean;
  resourcesListChanged?: boolean;
  resourceSubscriptions?: string[];
}

const LIST_CHANGED: Record<string, keyof Filter> = {
  "notifications/tools/list_changed": "toolsListChanged",
  "notifications/prompts/list_changed": "promptsListChanged",
  "notifications/resources/list_changed": "resourcesListChanged",
};

/** A modern client's `subscriptions/listen` at a legacy upstream: its session's own stream, filtered and tagged. */
export async function listenToLegacy(
  exchange: Exchange,
  front: Receiver,
  session: UpstreamSession,
  deps: Dependencies,
): Promise<void> {
  const { id, params } = exchange.message as Request;
  const filter = grant((params?.notifications ?? {}) as Filter, session);
  const tell = (message: { method: string; params?: Params }) => {
    const tagged = { ...message, jsonrpc: "2.0" as const, params: tag(message.params, id) };
    front.event(tagged, { event: "message", data: JSON.stringify(tagged) });
  };
  await recordOpening(exchange, deps);
  const release = await session.hear(exchange, {
    notification: (message) => isWanted(message, filter) && tell(message),
  });
  tell({ method: "notifications/subscriptions/acknowledged", params: { notifications: filter } });
  for (const uri of filter.resourceSubscriptions ?? []) await session.subscribe(exchange, uri);
  await closed(exchange);
  release();
  for (const uri of filter.resourceSubscriptions ?? []) await session.unsubscribe(exchange, uri).catch(() => {});
  throw new Fault("request_timeout", "The client has stopped listening");
}

/** As much of what was asked for as the upstream has. */
function grant(asked: Filter, { initialized }: UpstreamSession): Filter {
  const { tools, prompts, resources } = (initialized.capabilities ?? {}) as Record<
    string,
    Record<string, unknown> | undefined
  >;
  const granted: Filter = {};
  if (asked.toolsListChanged && tools?.listChanged) granted.toolsListChanged = true;
  if (asked.promptsListChanged && prompts?.listChanged) granted.promptsListChanged = true;
  if (asked.resourcesListChanged && resources?.listChanged) granted.resourcesListChanged = true;
  if (Array.isArray(asked.resourceSubscriptions) && resources?.subscribe) {
    granted.resourceSubscriptions = asked.resourceSubscriptions.map(String);
  }
  return granted;
}

function isWanted({ method, params }: { method: string; params?: Params }, filter: Filter): boolean {
  if (method === "notifications/resources/updated")
    return filter.resourceSubscriptions?.includes(String(params?.uri)) ?? false;
  const name = LIST_CHANGED[method];
  return name !== undefined && filter[name] === true;
}

function tag(params: Params | undefined, id: Request["id"]): Params {
  return { ...params, _meta: { ...params?._meta, [META.subscriptionId]: id } };
}

function closed({ response }: Exchange): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => response.once("close", resolve));
}

const EVERYTHING = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

/**
 * A legacy client's GET stream at a modern upstream: a subscription to everything that the upstream has, made anew when
 * the session's resource subscriptions change.
 */
export async function listenToModern(exchange: Exchange, deps: Dependencies): Promise<void> {
  await recordOpening(exchange, deps);
  startStream(exchange.response);
  keepOpen(exchange, deps.streams);
  await subscribeToModern(exchange, deps);
  exchange.response.end();
}

/** Onto a stream that is open already, for as long as it and the subscription are. */
export async function subscribeToModern(exchange: Exchange, deps: Dependencies): Promise<void> {
  const { response } = exchange;
  const session = exchange.session!;
  let subscription: ModernRequest | undefined;
  let renewing = true;
  const hearer = {
    event: (message: Message | null) => tellLegacy(exchange, message),
    onDrain: (listener: () => void) => void response.once("drain", listener),
  };
  const stop = () => subscription?.abort(new Fault("request_timeout", "Nobody listens any more"));
  response.once("close", stop);
  deps.listening.set(session.id, () => {
    renewing = true;
    stop();
  });
  while (renewing && !response.destroyed) {
    renewing = false;
    subscription = new ModernRequest(exchange, deps, hearer);
    await subscription
      .send(subscriptionOf(exchange))
      .catch((error) => deps.log.debug({ err: error }, "a stream ended"));
  }
  deps.listening.delete(session.id);
}

function subscriptionOf({ session }: Exchange): Request {
  const notifications = { ...EVERYTHING, resourceSubscriptions: session!.subscriptions ?? [] };
  const params = toModernParams({ notifications }, contextOfSession(session!));
  return { jsonrpc: "2.0", id: "gatehouse-listen", method: "subscriptions/listen", params };
}

function tellLegacy({ response }: Exchange, message: Message | null): boolean {
  if (!message || !("method" in message) || message.method === "notifications/subscriptions/acknowledged") return true;
  const { _meta, ...params } = message.params ?? {};
  const { [META.subscriptionId]: _, ...meta } = _meta ?? {};
  const legacy = { ...message, params: Object.keys(meta).length > 0 ? { ...params, _meta: meta } : params };
  return response.write(writeSse({ event: "message", data: JSON.stringify(legacy) }));
}
