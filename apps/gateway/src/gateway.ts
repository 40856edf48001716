import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { CALL } from "@gatehouse/egress/limits";
import { Fault, renderFault } from "@gatehouse/faults";
import { openAccessTokenVerifier } from "@gatehouse/oauth/access-token";
import type { OperatorClients } from "@gatehouse/oauth/client/operator-clients";
import { DASHBOARD_TOKENS, openDashboardTokens } from "@gatehouse/oauth/dashboard-token";
import { canonicalEndpoint, type McpRoute, parseEndpointPath, parseMcpPath } from "@gatehouse/oauth/endpoint";
import { protectedResourceMetadata, resourcePathOf } from "@gatehouse/oauth/protected-resource";
import { openStaticTokens, STATIC_TOKENS } from "@gatehouse/oauth/static-token";
import { type AuditWriter, openAuditWriter } from "@gatehouse/store/audit-writer";
import { type DatabaseAccess, openDatabase } from "@gatehouse/store/database";
import { listPublicKeys } from "@gatehouse/store/signing-keys";
import { activeExchanges, openStreams as openStreamsGauge } from "@gatehouse/telemetry/events";
import type { JWK } from "jose";
import { openBacks } from "./backs/back.ts";
import { openUpstreams } from "./backs/upstreams.ts";
import { CANCELLED, endCallsOf, openDriving } from "./bridges/drive.ts";
import { openSubscriptions } from "./bridges/subscriptions.ts";
import { openUpstreamSessions } from "./bridges/upstream-sessions.ts";
import { call, continuations, sessionEnd, sessionStream, sseMessage, sseStream } from "./call.ts";
import { openClientTokens } from "./client-tokens.ts";
import { observeCertificates } from "./credentials/certificate-end.ts";
import { openMemberCredentials } from "./credentials/member-credentials.ts";
import { openOnBehalf } from "./credentials/on-behalf.ts";
import type { Dependencies } from "./dependencies.ts";
import { Exchange } from "./exchange.ts";
import { failWith } from "./fail.ts";
import { openLastUse } from "./last-use.ts";
import { openRefusals } from "./limits/refusals.ts";
import { openStreams } from "./open-streams.ts";
import { LEAVING } from "./replicas/continue-elsewhere.ts";
import type { InternalListener } from "./replicas/internal-listener.ts";
import { openReplicas } from "./replicas/replicas.ts";
import { openSessions } from "./sessions.ts";
import { openSnapshots } from "./snapshots.ts";
import { leaveLimits } from "./steps/limit.ts";
import { openStrangerCounts } from "./stranger-counts.ts";
import { openUnderway } from "./underway.ts";

export interface Gateway extends AsyncDisposable {
  /** MCP endpoints, and their metadata (RFC 9728). */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** From now on, nothing is taken over from other replicas: they go on by themselves, for as long as this one is still there. */
  leave(): void;
  /** Ends streams that stay open by themselves, and what waits for a person; settles when all exchanges have ended. */
  drain(): Promise<void>;
  /** Breaks off whatever is still open, so that the server can close. */
  closeStreams(): void;
}

export type GatewayOptions = Pick<Dependencies, "publicUrl" | "vault" | "egress" | "state" | "log"> & {
  access: DatabaseAccess;
  /** Where audit rows go; the gateway closes it. */
  audit?: AuditWriter;
  upstreamTimeoutMs?: number;
  upstreamLookEveryMs?: number;
  sessionTtlSeconds?: number;
  /** Where there are other replicas: already listening, and the gateway closes it. */
  internal?: InternalListener | undefined;
  operatorClients?: OperatorClients | undefined;
};

export async function startGateway({
  access,
  upstreamTimeoutMs = CALL.silenceMs,
  upstreamLookEveryMs,
  sessionTtlSeconds = 3600,
  internal,
  operatorClients,
  ...given
}: GatewayOptions): Promise<Gateway> {
  const { publicUrl, state, vault, log } = given;
  const onAuditError = (err: unknown) => log.error({ err }, "the audit log cannot be written");
  const { audit = openAuditWriter({ access, onError: onAuditError }) } = given;
  const replicaId = randomUUID();
  const db = openDatabase(access, "gatehouse_gateway", 4);
  const onError = (err: unknown) => log.warn({ err }, "changes cannot be read");
  const snapshots = await openSnapshots({ db, publicUrl, onError });
  const streams = openStreams({ snapshots });
  const underway = openUnderway();
  const sessions = openSessions({ state, replicaId, ttlSeconds: sessionTtlSeconds });
  const tokens = openAccessTokenVerifier({
    issuer: publicUrl.origin,
    listPublicKeys: async () => (await listPublicKeys(db)).map(({ publicJwk }) => publicJwk as JWK),
  });
  const staticTokens = openStaticTokens({ key: vault.derive(STATIC_TOKENS) });
  const dashboardTokens = openDashboardTokens({ key: vault.derive(DASHBOARD_TOKENS), issuer: publicUrl.origin });
  const lastUse = openLastUse({ db, onError: (err) => log.warn({ err }, "last uses cannot be written") });
  // Apart from the snapshots', which must not wait for it.
  const credentialsDb = openDatabase(access, "gatehouse_gateway", 4);
  const members = openMemberCredentials({ ...given, operatorClients, db: credentialsDb, snapshots });
  const upstreams = openUpstreams({ ...given, snapshots, db: credentialsDb, lookEveryMs: upstreamLookEveryMs });
  const backs = openBacks({ egress: given.egress, upstreams, upstreamTimeoutMs, replicaId });
  const upstreamSessions = openUpstreamSessions({ backs, state, replicaId, vault });
  const clientTokens = openClientTokens({ ...given, db });
  const onBehalf = openOnBehalf(given);
  const subscriptions = openSubscriptions({
    backs,
    state,
    vault,
    clientTokens,
    onBehalf,
    members,
    log,
    snapshots,
    replicaId,
  });
  const bridges = {
    backs,
    upstreamSessions,
    subscriptions,
    parking: new Map(),
    driving: openDriving(),
    listening: new Map(),
    sseStreams: new Map(),
  };
  const refusals = openRefusals({ audit });
  const strangers = openStrangerCounts({ audit });
  const replicas = internal ? await openReplicas({ state, vault, replicaId, origin: internal.origin }) : null;
  const deps: Dependencies = {
    ...given,
    clientTokens,
    onBehalf,
    members,
    ...{ refusals, strangers, usageDb: credentialsDb },
    ...bridges,
    ...{ upstreamTimeoutMs, audit, snapshots, streams, sessions },
    ...{ tokens, staticTokens, dashboardTokens, lastUse, replicaId, replicas },
  };
  listenToHints(deps);
  const observed = new DisposableStack();
  observed.use(observeCertificates({ ...given, snapshots }));
  observed.use(activeExchanges.observe(() => [[underway.count]]));
  observed.use(openStreamsGauge.observe(() => [[streams.count]]));
  const fail = failWith(deps);
  const routes: Routes = {
    mcp: { POST: call(deps), GET: sessionStream(deps), DELETE: sessionEnd(deps) },
    sse: { GET: sseStream(deps) },
    messages: { POST: sseMessage(deps) },
  };
  const takenOver: Routes = continuations(deps);

  function answer(routes: Routes, request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const found = parseMcpPath(path);
    if (!found) return answerElsewhere(publicUrl, path, request, response);
    const audience = canonicalEndpoint(publicUrl, found.address);
    const exchange = new Exchange(request, response, { path: resourceOf(path, found), audience });
    const route = routes[found.kind][request.method!] ?? refuseMethod(routes[found.kind]);
    serve(route, exchange);
  }

  async function serve(route: Route, exchange: Exchange): Promise<void> {
    underway.begin();
    try {
      await route(exchange);
    } catch (error) {
      await fail(exchange, error);
    } finally {
      leaveLimits(exchange);
      underway.end();
    }
  }

  let isLeaving = false;
  internal?.server.on("request", (request, response) => {
    // What belongs to a stream that is open here can be answered nowhere else.
    const isRefused = isLeaving && parseMcpPath(pathOf(request))?.kind !== "messages";
    if (isRefused) response.writeHead(LEAVING).end();
    else answer(takenOver, request, response);
  });
  return {
    handle: (request, response) => answer(routes, request, response),
    leave() {
      isLeaving = true;
    },
    drain() {
      streams.leave();
      return underway.over();
    },
    closeStreams: () => streams.closeAll(),
    async [Symbol.asyncDispose]() {
      observed[Symbol.dispose]();
      streams.closeAll();
      await replicas?.[Symbol.asyncDispose]();
      await internal?.[Symbol.asyncDispose]();
      await subscriptions[Symbol.asyncDispose]();
      await upstreamSessions[Symbol.asyncDispose]();
      await backs[Symbol.asyncDispose]();
      upstreams[Symbol.dispose]();
      await snapshots[Symbol.asyncDispose]();
      await lastUse[Symbol.asyncDispose]();
      await refusals[Symbol.asyncDispose]();
      await strangers[Symbol.asyncDispose]();
      await audit[Symbol.asyncDispose]();
      await credentialsDb[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

const pathOf = ({ url }: IncomingMessage) => url!.split("?", 1)[0]!;

type Route = (exchange: Exchange) => Promise<void>;
type Methods = Partial<Record<string, Route>>;
type Routes = Record<McpRoute["kind"], Methods>;

/** What clients are told to get a token for: messages are posted for the stream that they are answered on. */
const resourceOf = (path: string, { kind }: McpRoute) =>
  kind === "messages" ? path.replace(/messages\/?$/, "sse") : path;

/** What was done at another replica, and concerns what this one holds. */
function listenToHints({ state, sessions, streams, driving, listening }: Dependencies): void {
  state.onHint(CANCELLED, (key) => driving.running.get(key)?.cancel());
  sessions.onChange(({ id }) => void listening.get(id)?.());
  sessions.onEnd((id) => {
    streams.closeSession(id);
    endCallsOf(id, driving);
  });
}

function refuseMethod(methods: Methods): Route {
  const allow = Object.keys(methods).join(", ");
  return async function refuseMethod() {
    throw new Fault("method_not_allowed", `MCP is spoken here by ${allow}`, { headers: { allow } });
  };
}

const METADATA_HEADERS = {
  "content-type": "application/json",
  "access-control-allow-origin": "*",
  "cache-control": "public, max-age=3600",
};

function answerElsewhere(publicUrl: URL, path: string, request: IncomingMessage, response: ServerResponse): void {
  const resource = resourcePathOf(path);
  if (resource !== null && parseEndpointPath(resource) && (request.method === "GET" || request.method === "HEAD")) {
    response.writeHead(200, METADATA_HEADERS).end(JSON.stringify(protectedResourceMetadata(publicUrl, resource)));
    return;
  }
  const { status, headers, body } = renderFault(new Fault("not_found", "There is nothing at this address"), "problem");
  response.writeHead(status, headers).end(body);
}
