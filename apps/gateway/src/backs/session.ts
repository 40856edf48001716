import { Fault } from "@gatehouse/faults";
import { isUnopened } from "../credentials/unlinked.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import type { ClientSession } from "../sessions.ts";
import { backOf } from "./back.ts";
import { responseIn } from "./fetch-upstream.ts";
import { describeStatus } from "./streamable-http.ts";
import { unchanged } from "./upstream-request.ts";

type Used = Pick<Dependencies, "backs" | "sessions">;

const renewals = new WeakMap<ClientSession, Promise<void>>();

/** Opens an upstream session anew for a client session whose own the upstream has forgotten; once, whoever asks. */
export function renewUpstreamSession(exchange: Exchange, deps: Used): Promise<void> {
  const session = exchange.session!;
  let renewal = renewals.get(session);
  if (!renewal) {
    renewal = openAgain(exchange, session, deps).finally(() => renewals.delete(session));
    renewals.set(session, renewal);
  }
  return renewal;
}

/** Not where another replica has done so already. */
async function openAgain(exchange: Exchange, session: ClientSession, deps: Used): Promise<void> {
  const forgotten = session.upstreamId;
  await deps.sessions.refresh(session);
  if (session.upstreamId !== forgotten) return;
  const message = { jsonrpc: "2.0", id: "gatehouse", method: "initialize", params: session.initialize } as const;
  const { protocolVersion } = session;
  const outbound = { era: "legacy", protocolVersion, sessionId: null, message, bytes: null } as const;
  const answer = await backOf(exchange, deps).fetch("POST", exchange, outbound);
  if (answer.status === 401) throw describeStatus(answer.status);
  if (!responseIn(answer.body)?.result)
    throw new Fault("upstream_failed", "it has forgotten the session and opens no other");
  const sessionId = answer.headers["mcp-session-id"];
  await deps.sessions.renew(session, typeof sessionId === "string" ? sessionId : null);
  const initialized = { jsonrpc: "2.0", method: "notifications/initialized" } as const;
  await backOf(exchange, deps).fetch("POST", exchange, { ...unchanged(exchange), message: initialized, bytes: null });
}

/** Tells the upstream that its session is no longer needed; whether it cares is its own affair. */
export async function endUpstreamSession(exchange: Exchange, deps: Used): Promise<void> {
  if (exchange.session?.upstreamId == null || isUnopened(exchange.session)) return;
  await backOf(exchange, deps).fetch("DELETE", exchange, { ...unchanged(exchange), message: null });
}
