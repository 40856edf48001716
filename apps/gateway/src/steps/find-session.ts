import { Fault } from "@gatehouse/faults";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import type { ClientSession } from "../sessions.ts";

const INITIALIZE_BYTES_MAX = 32 * 1024;

/** Everything legacy but `initialize` belongs to a session; another member's is answered as one that has ended. */
export function findSession({ sessions }: Pick<Dependencies, "sessions">): Step {
  return function findSession(exchange) {
    if (exchange.era === "modern") return;
    if (isInitialize(exchange)) return checkSize(exchange);
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

export function isInitialize({ message }: Exchange): boolean {
  return message !== undefined && "method" in message && message.method === "initialize";
}

/** What opens a session is remembered as long as the session is. */
export function checkSize({ bytes }: Exchange): void {
  if (bytes.length <= INITIALIZE_BYTES_MAX) return;
  throw new Fault("too_large", `An initialize request may have ${INITIALIZE_BYTES_MAX} bytes at most`);
}

function enter(exchange: Exchange, session: ClientSession | null): void {
  if (!session) throw new Fault("not_found", "This session has ended. Send initialize to open another.");
  exchange.session = session;
}
