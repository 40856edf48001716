import type { Readable } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import { isRequest, type Message, type Notification, type Request } from "@gatehouse/mcp/message";
import type { SseEvent } from "@gatehouse/mcp/sse";
import { backOf } from "../backs/back.ts";
import { readStream, reopenAfter } from "../backs/listen-upstream.ts";
import type { Outbound } from "../backs/upstream-request.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";

/** Somebody who wants to know what a legacy upstream says outside of the streams of its calls. */
export interface Listener {
  notification?(message: Notification): unknown;
  /** A call that may be what the upstream asks for. */
  ask?(ask: Request): void;
  /** The stream has ended, and the upstream opens no other. */
  lost?(): void;
}

/** What a session's upstream says unasked, on one stream for everybody who listens. */
export interface Unasked {
  /** Settles when the stream is open, or is known not to be there; answers what ends the listening. */
  hear(exchange: Exchange, listener: Listener): Promise<() => void>;
  /** Whoever still listens hears nothing more. */
  close(): void;
}

type Used = Pick<Dependencies, "backs">;

/** A server behind a proxy that holds a stream's headers back is not waited for any longer. */
const OPENING_MS_MAX = 1000;
const REOPEN_MS = 1000;
/** A stream that nobody listens to is kept this long, for the next call. */
const KEPT_MS = 60_000;

/** `refuse` answers an ask that cannot be said to belong to a call; `overhear` is told of notifications, whoever listens. */
export function openUnasked(
  outbound: Outbound,
  deps: Used,
  refuse: (exchange: Exchange, ask: Request) => void,
  overhear: (message: Notification) => void = () => {},
): Unasked {
  const listeners = new Set<Listener>();
  let opening: Promise<void> | null = null;
  let body: Readable | null = null;
  let closing: NodeJS.Timeout | undefined;
  let lastEventId: string | undefined;
  let reopenMs = REOPEN_MS;

  async function open(exchange: Exchange): Promise<void> {
    const upstream = await backOf(exchange, deps)
      .listen(exchange, outbound, lastEventId)
      .catch(() => null);
    if (upstream?.statusCode === 405) return;
    if (upstream?.statusCode !== 200) return lose();
    body = upstream.body;
    void follow(exchange, upstream.body);
  }

  function lose(): void {
    opening = null;
    for (const listener of listeners) listener.lost?.();
  }

  async function follow(exchange: Exchange, stream: Readable): Promise<void> {
    await readStream(exchange.org, stream, (event) => take(exchange, event));
    body = null;
    opening = null;
    await after(reopenMs, undefined, { ref: false });
    if (listeners.size > 0) opening ??= open(exchange);
  }

  function take(exchange: Exchange, { id, retry, data }: SseEvent): void {
    if (id !== undefined) lastEventId = id;
    if (retry !== undefined) reopenMs = reopenAfter(retry);
    const message = data ? (JSON.parse(data) as Message) : null;
    if (!message || !("method" in message)) return;
    if (isRequest(message)) return ask(exchange, message);
    for (const listener of listeners) listener.notification?.(message);
    overhear(message);
  }

  /** An ask belongs to the only call that is running; otherwise nobody knows whose it is. */
  function ask(exchange: Exchange, message: Request): void {
    const calls = [...listeners].filter((listener) => listener.ask);
    if (calls.length === 1) calls[0]!.ask!(message);
    else refuse(exchange, message);
  }

  return {
    async hear(exchange, listener) {
      clearTimeout(closing);
      listeners.add(listener);
      opening ??= open(exchange);
      await Promise.race([opening, after(OPENING_MS_MAX, undefined, { ref: false })]);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearTimeout(closing);
        closing = setTimeout(() => body?.destroy(), KEPT_MS).unref();
      };
    },
    close() {
      clearTimeout(closing);
      listeners.clear();
      body?.destroy();
    },
  };
}
