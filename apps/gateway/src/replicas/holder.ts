import { isResponse } from "@gatehouse/mcp/message";
import { isListen } from "../backs/upstream-request.ts";
import { openHandle } from "../bridges/handles.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { handleOfStream } from "../steps/find-sse-stream.ts";
import { continueElsewhere } from "./continue-elsewhere.ts";

/** The other replica that alone can go on with an exchange. */
export interface Holder {
  replicaId: string;
  /** Where it is gone, this replica can open anew what it held, or say that it has ended. */
  renewable: boolean;
}

/** Takes the step where what the exchange is about is held: here, or at another replica. */
export function atHolder(deps: Dependencies, step: Step, find = holderOf): Step {
  return function atHolder(exchange) {
    const holder = deps.replicas === null ? null : find(exchange, deps);
    if (holder instanceof Promise) return holder.then((found) => goOn(exchange, found));
    return goOn(exchange, holder);
  };

  function goOn(exchange: Exchange, holder: Holder | null): void | Promise<void> {
    return holder === null ? step(exchange) : continueElsewhere(exchange, holder, step, deps);
  }
}

/** `null` where this replica can go on, or nobody. */
function holderOf(exchange: Exchange, deps: Dependencies): Holder | null | Promise<Holder | null> {
  const { era, connector } = exchange;
  if (era === connector.era) return connector.transport === "http+sse" ? holderOfSession(exchange, deps) : null;
  const replica = replicaOfCall(exchange, deps);
  if (replica !== null) return replica === deps.replicaId ? null : { replicaId: replica, renewable: false };
  return era === "modern" && !isListen(exchange.message) ? holderOfUpstreamSession(exchange, deps) : null;
}

/** A legacy client answers an ask by its id, a modern one with the state that came with it. */
function replicaOfCall({ message, token }: Exchange, { vault }: Dependencies): string | null {
  if (message === undefined) return null;
  const sealed = isResponse(message) ? message.id : message.params?.requestState;
  return typeof sealed === "string" ? (openHandle(vault, token, sealed)?.replica ?? null) : null;
}

/** One session of a legacy upstream serves a modern client, whichever replica the client asks. */
function holderOfUpstreamSession(
  exchange: Exchange,
  { upstreamSessions, replicaId }: Dependencies,
): Holder | null | Promise<Holder | null> {
  const orHere = (holder: string) => (holder === replicaId ? null : { replicaId: holder, renewable: true });
  const holder = upstreamSessions.holder(exchange);
  return typeof holder === "string" ? orHere(holder) : holder.then(orHere, () => null);
}

/** A session of HTTP+SSE is a connection, and its id begins with the replica that has it. */
function holderOfSession({ session }: Exchange, { replicaId }: Dependencies): Holder | null {
  const holder = session?.upstreamId?.split("/", 1)[0];
  return holder === undefined || holder === replicaId ? null : { replicaId: holder, renewable: true };
}

export function holderOfStream(exchange: Exchange, { vault, replicaId }: Dependencies): Holder | null {
  const handle = handleOfStream(exchange, vault);
  return handle && handle.replica !== replicaId ? { replicaId: handle.replica, renewable: true } : null;
}
