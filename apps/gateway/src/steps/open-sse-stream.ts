import { randomUUID } from "node:crypto";
import { writeSse } from "@gatehouse/mcp/sse";
import { endUpstreamSession } from "../backs/session.ts";
import { sealHandle } from "../bridges/handles.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { SseStream } from "../fronts/http-sse.ts";
import { startStream } from "../fronts/streamable-http.ts";
import { outcomeOf, recordOpening } from "./record.ts";

/** Longer than any stream is held open. */
const HANDLE_MS = 7 * 86_400_000;
/** What still runs when the client goes may go on this long. */
const LINGER_MS = 60_000;

/** Holds a stream of HTTP+SSE open, whose first event says where to post messages (2024-11-05, Transports). */
export function openSseStream(deps: Dependencies): Step {
  return async function openSseStream(exchange) {
    const { response, operation } = exchange;
    await recordOpening(exchange, deps);
    if (response.destroyed) return;
    startStream(response);
    const id = randomUUID();
    const stream = new SseStream(exchange, deps);
    deps.sseStreams.set(id, stream);
    response.write(writeSse({ event: "endpoint", data: messagesUrl(exchange, id, deps) }));
    const stay = deps.streams.whenLeaving(() => stream.quiet(LINGER_MS).then(() => response.end()));
    await new Promise((closed) => response.once("close", closed));
    stay();
    deps.sseStreams.delete(id);
    operation.end();
    deps.audit.enqueue(outcomeOf(exchange, "closed"));
    await stream.quiet(LINGER_MS);
    await endSession(exchange, deps);
  };
}

function messagesUrl({ path, token }: Exchange, id: string, { vault, replicaId }: Dependencies): string {
  const handle = sealHandle(vault, token, { replica: replicaId, id, expiresAt: Date.now() + HANDLE_MS });
  return `${path.replace(/\/sse\/?$/, "/messages")}?session=${handle}`;
}

async function endSession(exchange: Exchange, deps: Dependencies): Promise<void> {
  if (!exchange.session) return;
  try {
    await deps.sessions.end(exchange.session, exchange.operation.operation);
    await endUpstreamSession(exchange, deps);
  } catch (error) {
    deps.log.debug({ err: error, connector: exchange.connector.id }, "a session was not ended");
  }
}
