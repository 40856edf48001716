import { isResponse } from "@gatehouse/mcp/message";
import { openHandle } from "../bridges/handles.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";

/** The other replica that alone can go on with this exchange; `null` where this one can, or nobody. */
export function holderOf(exchange: Exchange, { vault, replicas, replicaId }: Dependencies): string | null {
  if (!replicas || exchange.takenOver) return null;
  const sealed = handleIn(exchange);
  const handle = sealed === null ? null : openHandle(vault, exchange.token, sealed);
  return handle && handle.replica !== replicaId ? handle.replica : null;
}

/** A legacy client answers an ask by its id, a modern one with the state that came with it. */
function handleIn({ message }: Exchange): string | null {
  if (isResponse(message)) return String(message.id);
  const requestState = message.params?.requestState;
  return typeof requestState === "string" ? requestState : null;
}
