import type { FetchedAnswer } from "@gatehouse/egress/egress";
import { Fault } from "@gatehouse/faults";
import type { Message } from "@gatehouse/mcp/message";
import { readSse } from "@gatehouse/mcp/sse";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import type { ClientSession } from "../sessions.ts";
import { type Outbound, unchanged, upstreamHeaders } from "./upstream-request.ts";

type Used = Pick<Dependencies, "egress" | "sessions">;

const BYTES_MAX = 1024 * 1024;
const TIMEOUT_MS = 20_000;
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

async function openAgain(exchange: Exchange, session: ClientSession, { egress, sessions }: Used): Promise<void> {
  const message = { jsonrpc: "2.0", id: "gatehouse", method: "initialize", params: session.initialize } as const;
  const { protocolVersion } = session;
  const outbound = { era: "legacy", protocolVersion, sessionId: null, message, bytes: null } as const;
  const answer = await fetchUpstream("POST", exchange, outbound, egress);
  if (!holdsResult(answer)) throw new Fault("upstream_failed", "it has forgotten the session and opens no other");
  const sessionId = answer.headers["mcp-session-id"];
  await sessions.renew(session, typeof sessionId === "string" ? sessionId : null);
  const initialized = { jsonrpc: "2.0", method: "notifications/initialized" } as const;
  await fetchUpstream("POST", exchange, { ...unchanged(exchange), message: initialized, bytes: null }, egress);
}

/** Tells the upstream that its session is no longer needed; whether it cares is its own affair. */
export async function endUpstreamSession(exchange: Exchange, { egress }: Used): Promise<void> {
  if (exchange.session?.upstreamId == null) return;
  await fetchUpstream("DELETE", exchange, { ...unchanged(exchange), message: null }, egress);
}

function fetchUpstream(
  method: "POST" | "DELETE",
  exchange: Exchange,
  outbound: Outbound,
  egress: Used["egress"],
): Promise<FetchedAnswer> {
  const { connector, operation } = exchange;
  return egress.fetch(new URL(connector.path, connector.origin), {
    method,
    headers: toRecord(upstreamHeaders(exchange, outbound, operation.traceparent)),
    ...(outbound.message ? { body: JSON.stringify(outbound.message) } : {}),
    bytesMax: BYTES_MAX,
    timeoutMs: TIMEOUT_MS,
    exception: connector.egressException,
  });
}

function toRecord(flat: string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) record[flat[at]!] = flat[at + 1]!;
  return record;
}

/** Whether a JSON or event-stream answer holds a result. */
function holdsResult({ status, headers, body }: FetchedAnswer): boolean {
  if (status !== 200) return false;
  let found = false;
  const look = (text: string | undefined) => {
    if (text && (JSON.parse(text) as Message & { result?: unknown }).result) found = true;
  };
  if (String(headers["content-type"]).startsWith("text/event-stream")) {
    readSse(({ data }) => look(data), BYTES_MAX).read(body);
  } else look(body.toString());
  return found;
}
