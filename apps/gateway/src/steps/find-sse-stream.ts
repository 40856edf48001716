import { Fault } from "@gatehouse/faults";
import type { Vault } from "@gatehouse/vault/vault";
import { type Handle, openHandle } from "../bridges/handles.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { checkSize, isInitialize } from "./find-session.ts";

/** Finds the stream that a message is posted for; another member's is answered as one that has ended. */
export function findSseStream({ vault, sseStreams }: Pick<Dependencies, "vault" | "sseStreams">): Step {
  return function findSseStream(exchange) {
    const stream = sseStreams.get(handleOfStream(exchange, vault)?.id ?? "");
    if (stream?.exchange.token.clientId !== exchange.token.clientId) {
      throw new Fault("not_found", "This stream has ended. Open another, and post to the address that it names.");
    }
    stream.renew(exchange.token);
    exchange.stream = stream;
  };
}

/** The address that messages are posted to names their stream, and the replica that has it. */
export function handleOfStream({ request, token, audience }: Exchange, vault: Vault): Handle | null {
  return openHandle(vault, token, new URL(request.url!, audience).searchParams.get("session") ?? "");
}

/** The session lasts at least until the message is answered. */
export function withinSession(step: Step): Step {
  return function withinSession(exchange) {
    const answered = Promise.resolve(step(exchange));
    exchange.stream!.running(answered);
    return answered;
  };
}

/** Everything but `initialize` belongs to the session that it opened. */
export function enterSseSession(exchange: Exchange): void {
  if (exchange.era === "modern") throw new Fault("invalid_request", "MCP 2026-07-28 is spoken by POST to /mcp");
  const { session } = exchange.stream!.exchange;
  if (isInitialize(exchange)) return beginSession(exchange);
  if (!session) throw new Fault("invalid_request", "Send initialize first, and wait for its answer.");
  exchange.session = session;
  exchange.protocolVersion = session.protocolVersion;
}

function beginSession(exchange: Exchange): void {
  checkSize(exchange);
  if (exchange.stream!.isInitialized) throw new Fault("invalid_request", "This stream has its session already.");
  exchange.stream!.isInitialized = true;
}
