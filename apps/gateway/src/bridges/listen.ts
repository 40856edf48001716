import { Fault } from "@gatehouse/faults";
import { META } from "@gatehouse/mcp/eras";
import type { Notification, Params, Request } from "@gatehouse/mcp/message";
import { writeSse } from "@gatehouse/mcp/sse";
import type { Receiver } from "../backs/streamable-http.ts";
import { isListen } from "../backs/upstream-request.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { keepOpen, startStream } from "../fronts/streamable-http.ts";
import { recordOpening } from "../steps/record.ts";
import { ALL_LISTS, type Filter, isOfChanges, isWanted } from "./changes.ts";
import type { Listener } from "./shared-subscription.ts";

/** A client that reads no faster than this piles up is let go. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** A modern client listens, and not for what only an extension of its modern upstream knows of. */
export function isAboutChanges({ era, message, connector }: Exchange): boolean {
  if (era === "legacy" || !isListen(message)) return false;
  return connector.era === "legacy" || isOfChanges((message as Request).params?.notifications);
}

/**
 * A modern client's `subscriptions/listen`: acknowledged once the upstream tells of what it asks for. What a legacy upstream
 * tells only the session that the client's calls are made in, the client hears too.
 */
export async function listenAsModern(exchange: Exchange, front: Receiver, deps: Dependencies): Promise<void> {
  const { id, params } = exchange.message as Request;
  const over = Promise.withResolvers<"over">();
  const early: Notification[] = [];
  const tell = (message: Notification) => {
    const tagged = { ...message, params: { ...message.params, ...tag(id, message.params) } };
    front.event(tagged, { event: "message", data: JSON.stringify(tagged) });
    letGoIfSlow(exchange);
  };
  const listener: Listener = { changed: (change) => early.push(change), ended: () => over.resolve("over") };
  await recordOpening(exchange, deps);
  const share = await deps.subscriptions.join(exchange, (params?.notifications ?? {}) as Filter, listener);
  tell({
    jsonrpc: "2.0",
    method: "notifications/subscriptions/acknowledged",
    params: { notifications: share.granted },
  });
  early.forEach(tell);
  listener.changed = tell;
  const stopOverhearing = deps.upstreamSessions.overhear(
    exchange,
    (change) => isWanted(change, share.granted) && tell(change),
  );
  const stay = deps.streams.whenLeaving(listener.ended);
  const ending = await Promise.race([over.promise, closed(exchange)]);
  stay();
  stopOverhearing();
  share.leave();
  if (ending === "closed") throw new Fault("request_timeout", "The client has stopped listening");
  const response = { jsonrpc: "2.0", id, result: { resultType: "complete", ...tag(id) } } as const;
  await front.end(response, JSON.stringify(response), { status: 200, sessionId: null });
}

function tag(id: Request["id"], params?: Params): { _meta: Record<string, unknown> } {
  return { _meta: { ...params?._meta, [META.subscriptionId]: id } };
}

/** A legacy client's GET stream, where the upstream has no sessions. */
export async function listenAsLegacy(exchange: Exchange, deps: Dependencies): Promise<void> {
  await recordOpening(exchange, deps);
  startStream(exchange.response);
  keepOpen(exchange, deps.streams);
  await tellOfChanges(exchange, deps);
  exchange.response.end();
}

/** Of all lists, and of the session's resources; onto a stream that is open already, for as long as it is. */
export async function tellOfChanges(exchange: Exchange, deps: Dependencies): Promise<void> {
  const session = exchange.session!;
  const { response } = exchange;
  const wanted = () => ({ ...ALL_LISTS, resourceSubscriptions: session.subscriptions ?? [] });
  const changed = (change: Notification) => {
    response.write(writeSse({ event: "message", data: JSON.stringify(withoutTag(change)) }));
    letGoIfSlow(exchange);
  };
  const end = () => void response.end();
  const joining = deps.subscriptions.join(exchange, wanted(), { changed, ended: end });
  const stay = deps.streams.whenLeaving(end);
  deps.listening.set(session.id, () => joining.then((share) => share.want(wanted())).catch(() => {}));
  try {
    const share = await joining;
    await closed(exchange);
    share.leave();
  } catch (error) {
    deps.log.debug({ err: error }, "a stream is told of no changes");
  }
  stay();
  deps.listening.delete(session.id);
}

function withoutTag({ params, ...message }: Notification): Notification {
  const { _meta, ...rest } = params ?? {};
  const { [META.subscriptionId]: _, ...meta } = _meta ?? {};
  return { ...message, params: Object.keys(meta).length > 0 ? { ...rest, _meta: meta } : rest };
}

export function letGoIfSlow({ response }: Exchange): void {
  if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
}

function closed({ response }: Exchange): Promise<"closed"> {
  if (response.destroyed) return Promise.resolve("closed");
  return new Promise((resolve) => response.once("close", () => resolve("closed")));
}
