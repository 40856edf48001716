import { Fault } from "@gatehouse/faults";
import { LEGACY_VERSIONS } from "@gatehouse/mcp/eras";
import type { Message, Notification, Params, Request } from "@gatehouse/mcp/message";
import { backOf } from "../backs/back.ts";
import { responseIn } from "../backs/fetch-upstream.ts";
import { describeStatus } from "../backs/streamable-http.ts";
import type { Outbound } from "../backs/upstream-request.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { type Listener, openUnasked } from "./unasked.ts";

/** A session that the gateway has at a legacy upstream, for one client that has none, or for itself. */
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
  /** As `Unasked`'s; while somebody listens, the session is in use. */
  hear(exchange: Exchange, listener: Listener): Promise<() => void>;
  /** Sends a request whose answer says nothing that matters. */
  ask(exchange: Exchange, method: string, params: Params): Promise<void>;
  /** How many calls and listeners the session has. */
  users(): number;
  end(exchange: Exchange): Promise<void>;
}

/** From the quietest to the most verbose (RFC 5424 §6.2.1). */
const LEVELS = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];

export function isAsVerbose(level: string, than: string): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(than);
}

type Overhear = (message: Notification) => void;

/** `overhear` is told of what the upstream notifies of on the session's own stream. */
export async function openUpstreamSession(
  exchange: Exchange,
  client: { capabilities: object; clientInfo: unknown },
  deps: Pick<Dependencies, "backs">,
  overhear?: Overhear,
): Promise<UpstreamSession> {
  const asked = LEGACY_VERSIONS[0]!;
  const params = { protocolVersion: asked, ...client };
  const message = { jsonrpc: "2.0", id: 0, method: "initialize", params } as const;
  const unopened = { era: "legacy", protocolVersion: asked, sessionId: null, message, bytes: null } as const;
  const answer = await backOf(exchange, deps).fetch("POST", exchange, unopened);
  if (answer.status === 401) throw describeStatus(answer.status);
  const initialized = responseIn(answer.body)?.result;
  if (answer.status !== 200 || !initialized)
    throw new Fault("upstream_failed", `it opens no session (HTTP ${answer.status})`);
  const id = answer.headers["mcp-session-id"];
  const session = makeSession(typeof id === "string" ? id : null, initialized, deps, overhear);
  await session.tell(exchange, { jsonrpc: "2.0", method: "notifications/initialized" });
  return session;
}

function makeSession(
  id: string | null,
  initialized: Record<string, unknown>,
  deps: Pick<Dependencies, "backs">,
  overhear?: Overhear,
): UpstreamSession {
  const protocolVersion = String(initialized.protocolVersion);
  const canLog = (initialized.capabilities as Params | undefined)?.logging !== undefined;
  const unasked = openUnasked(outbound(null), deps, refuseAsk, overhear);
  let users = 0;
  let requests = 0;
  let logLevel = LEVELS[0]!;

  function outbound(message: Message | null): Outbound {
    return { era: "legacy", protocolVersion, sessionId: id, message, bytes: null };
  }

  async function tell(exchange: Exchange, message: Message): Promise<void> {
    await backOf(exchange, deps).fetch("POST", exchange, outbound(message));
  }

  function ask(exchange: Exchange, method: string, params: Params): Promise<void> {
    return tell(exchange, { jsonrpc: "2.0", id: ++requests, method, params });
  }

  function refuseAsk(exchange: Exchange, { id, method }: Request): void {
    const answer =
      method === "ping"
        ? { result: {} }
        : { error: { code: -32601, message: `Nobody can say which call ${method} is for` } };
    tell(exchange, { jsonrpc: "2.0", id, ...answer }).catch(() => {});
  }

  return {
    ...{ id, protocolVersion, initialized, outbound, tell, ask },
    nextRequestId: () => ++requests,
    users: () => users,
    async hear(exchange, listener) {
      users++;
      const release = await unasked.hear(exchange, listener);
      return () => {
        users--;
        release();
      };
    },
    async wantLogLevel(exchange, level) {
      if (!canLog || !LEVELS.includes(level) || isAsVerbose(level, logLevel)) return;
      logLevel = level;
      await ask(exchange, "logging/setLevel", { level });
    },
    async end(exchange) {
      unasked.close();
      if (id !== null) await backOf(exchange, deps).fetch("DELETE", exchange, outbound(null));
    },
  };
}

/** Says to the upstream that nobody waits for the answer any more. */
export function cancelledNotification(requestId: number): Notification {
  return { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId, reason: "The client has gone" } };
}
