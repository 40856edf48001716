import { hash } from "node:crypto";
import type { Egress } from "@gatehouse/egress/egress";
import { Fault } from "@gatehouse/faults";
import { LEGACY_VERSIONS, META } from "@gatehouse/mcp/eras";
import type { Message, Notification, Params, Request } from "@gatehouse/mcp/message";
import { fetchUpstream, responseIn } from "../backs/fetch-upstream.ts";
import type { Outbound } from "../backs/upstream-request.ts";
import type { Exchange } from "../exchange.ts";

/** A legacy upstream's session that one member's modern client is served from, and nobody else. */
export interface UpstreamSession {
  readonly id: string | null;
  readonly protocolVersion: string;
  /** What the upstream answered to `initialize`. */
  readonly initialized: Record<string, unknown>;
  /** Ids of requests are ours: two of the member's processes may use the same. */
  nextRequestId(): number;
  /** A message of this session, on its way to the upstream. */
  outbound(message: Message): Outbound;
  /** Says something to the upstream that it does not answer, or answers with nothing that matters. */
  tell(exchange: Exchange, message: Message): Promise<void>;
  /** Makes the upstream's log at least as verbose as this. */
  wantLogLevel(exchange: Exchange, level: string): Promise<void>;
  /** Calls that are running or parked, and listeners: while there are any, the session is in use. */
  readonly users: Set<unknown>;
}

export interface UpstreamSessions extends AsyncDisposable {
  open(exchange: Exchange): Promise<UpstreamSession>;
  /** The upstream does not know it any more: the next `open` opens another. */
  forget(session: UpstreamSession): void;
}

/** From the quietest to the most verbose (RFC 5424 §6.2.1). */
const LEVELS = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
const IDLE_MS = 5 * 60_000;
const SWEEP_MS = 30_000;

export function isAsVerbose(level: string, than: string): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(than);
}

interface Kept {
  session: Promise<UpstreamSession>;
  opened: UpstreamSession | null;
  exchange: Exchange;
  usedAt: number;
}

/**
 * One session per member, grant, connector, credential, capabilities and version: it declares exactly what that client
 * can do. It is ended when it has not been used for five minutes.
 */
export function openUpstreamSessions({ egress }: { egress: Egress }): UpstreamSessions {
  const kept = new Map<string, Kept>();

  async function end(key: string, { session, exchange }: Kept): Promise<void> {
    kept.delete(key);
    const { id, protocolVersion } = await session;
    if (id === null) return;
    const outbound = { era: "legacy", protocolVersion, sessionId: id, message: null, bytes: null } as const;
    await fetchUpstream("DELETE", exchange, outbound, egress);
  }

  function keep(exchange: Exchange): Kept {
    const entry: Kept = { session: initialize(exchange, egress), opened: null, exchange, usedAt: 0 };
    entry.session.then(
      (session) => {
        entry.opened = session;
      },
      () => {},
    );
    return entry;
  }

  const sweep = setInterval(async () => {
    for (const [key, entry] of kept) {
      if (performance.now() - entry.usedAt < IDLE_MS) continue;
      const session = await entry.session.catch(() => null);
      if (!session?.users.size) await end(key, entry).catch(() => {});
    }
  }, SWEEP_MS);
  sweep.unref();

  return {
    open(exchange) {
      const key = keyOf(exchange);
      let entry = kept.get(key);
      if (!entry) {
        entry = keep(exchange);
        kept.set(key, entry);
        entry.session.catch(() => kept.delete(key));
      }
      entry.usedAt = performance.now();
      return entry.session;
    },
    forget(session) {
      for (const [key, entry] of kept) if (entry.opened === session) kept.delete(key);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      await Promise.allSettled([...kept].map(([key, entry]) => end(key, entry)));
    },
  };
}

function keyOf({ token, connector, message }: Exchange): string {
  const meta = (message as Request).params?._meta ?? {};
  const parts = [token.orgId, token.subject, token.grantId, connector.id, connector.path, connector.origin];
  const credential = connector.credential?.toString("base64") ?? "";
  return hash("sha256", JSON.stringify([...parts, credential, meta[META.clientCapabilities]]), "base64");
}

async function initialize(exchange: Exchange, egress: Egress): Promise<UpstreamSession> {
  const meta = (exchange.message as Request).params?._meta ?? {};
  const { extensions: _, ...capabilities } = meta[META.clientCapabilities] as Params;
  const clientInfo = meta[META.clientInfo] ?? { name: "unknown", version: "0" };
  const asked = LEGACY_VERSIONS[0]!;
  const params = { protocolVersion: asked, capabilities, clientInfo };
  const message = { jsonrpc: "2.0", id: 0, method: "initialize", params } as const;
  const unopened = { era: "legacy", protocolVersion: asked, sessionId: null, message, bytes: null } as const;
  const answer = await fetchUpstream("POST", exchange, unopened, egress);
  const initialized = responseIn(answer.body)?.result;
  if (answer.status !== 200 || !initialized)
    throw new Fault("upstream_failed", `it opens no session (HTTP ${answer.status})`);
  const id = answer.headers["mcp-session-id"];
  const session = makeSession(typeof id === "string" ? id : null, initialized, egress);
  await session.tell(exchange, { jsonrpc: "2.0", method: "notifications/initialized" });
  return session;
}

function makeSession(id: string | null, initialized: Record<string, unknown>, egress: Egress): UpstreamSession {
  const protocolVersion = String(initialized.protocolVersion);
  const canLog = (initialized.capabilities as Params | undefined)?.logging !== undefined;
  let requests = 0;
  let logLevel = LEVELS[0]!;

  const outbound = (message: Message): Outbound => ({
    era: "legacy",
    protocolVersion,
    sessionId: id,
    message,
    bytes: null,
  });
  const tell = async (exchange: Exchange, message: Message) => {
    await fetchUpstream("POST", exchange, outbound(message), egress);
  };

  return {
    ...{ id, protocolVersion, initialized, outbound, tell },
    users: new Set(),
    nextRequestId: () => ++requests,
    async wantLogLevel(exchange, level) {
      if (!canLog || !LEVELS.includes(level) || isAsVerbose(level, logLevel)) return;
      logLevel = level;
      await tell(exchange, { jsonrpc: "2.0", id: ++requests, method: "logging/setLevel", params: { level } });
    },
  };
}

/** Says to the upstream that nobody waits for the answer any more. */
export function cancelledNotification(requestId: number): Notification {
  return { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId, reason: "The client has gone" } };
}
