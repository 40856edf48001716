import { Fault } from "@gatehouse/faults";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import type { ClientSession } from "../sessions.ts";

/** Everything legacy but `initialize` belongs to a session; another member's is answered as one that has ended. */
export function findSession({ sessions }: Pick<Dependencies, "sessions">): Step {
  return function findSession(exchange) {
    if (exchange.era === "modern" || isInitialize(exchange)) return;
    const id = exchange.request.headers["mcp-session-id"];
    if (typeof id !== "string") {
      throw new Fault(
        "invalid_request",
        "Mcp-Session-Id is missing. Send initialize, and then the session id it answers with.",
      );
    }
    const session = sessions.find(id, exchange.token);
    if (session instanceof Promise) return session.then((found) => enter(exchange, found));
    enter(exchange, session);
  };
}

function isInitialize({ message }: Exchange): boolean {
  return message !== undefined && "method" in message && message.method === "initialize";
}

function enter(exchange: Exchange, session: ClientSession | null): void {
  if (!session) throw new Fault("not_found", "This session has ended. Send initialize to open another.");
  exchange.session = session;
}
