import type { Server } from "node:http";
import type { BlockList } from "node:net";
import { join } from "node:path";
import { setTimeout as passed } from "node:timers/promises";
import type { AuthDeps } from "@gatehouse/auth/auth";
import type { MailOptions } from "@gatehouse/auth/mail-sender";
import { type Egress, openEgress } from "@gatehouse/egress/egress";
import type { GatewayOptions } from "@gatehouse/gateway/gateway";
import type { InternalListener } from "@gatehouse/gateway/replicas/internal-listener";
import { openState } from "@gatehouse/state/state";
import { type AppRole, type DatabaseAccess, openDatabase } from "@gatehouse/store/database";
import { isReachable } from "@gatehouse/store/databases";
import type { Logger } from "@gatehouse/telemetry/log";
import type { MetricsServer } from "@gatehouse/telemetry/metrics-server";
import type { Vault } from "@gatehouse/vault/vault";
import { keepAudit } from "./audit/keep-audit.ts";
import { close, portOf } from "./listen.ts";
import { type Dependency, watchDependencies } from "./readiness.ts";
import { keepReplicaRow } from "./replica-row.ts";
import { explainInternal, explainRedis, standAlone } from "./replicas.ts";
import { type App, type AppName, route } from "./router.ts";

export interface HouseOptions extends MailOptions, Pick<AuthDeps, "signup" | "operatorClients"> {
  /** Already listening; the house closes it. */
  server: Server;
  publicUrl: URL;
  /** A database that is migrated. */
  access: DatabaseAccess;
  trustedProxies?: BlockList | undefined;
  redisUrl?: string | undefined;
  vault: Vault;
  egressAllow: readonly string[];
  egressProxy?: URL | undefined;
  log: Logger;
  /** All three, where nothing else is said. */
  apps?: readonly AppName[];
  issuerConnectUrl?: URL | undefined;
  gatewayConnectUrl?: URL | undefined;
  /** Where other replicas reach this gateway; any free port of the loopback address where nothing else is said. */
  internalHost?: string | undefined;
  internalPort?: number | undefined;
  /** Where the audit log's heads are written besides the database. */
  auditHeads?: URL | undefined;
  /** For how long the deployment's own audit log is kept; for good, where nothing is said. */
  deploymentAuditDays?: number | undefined;
  /** Where what this process depends on is told in full. */
  metricsServer?: MetricsServer | undefined;
  /** From when it is said not to be ready until nothing new is taken: whoever balances load has to notice. */
  drainMs?: number;
  /** For what is under way then. */
  graceMs?: number;
  /** What tests and measurements set otherwise than everybody. */
  gateway?: Pick<GatewayOptions, "upstreamTimeoutMs">;
  auth?: Pick<AuthDeps, "lifetimes" | "keysIntervalMs" | "registrationLimits">;
  signHeadsEveryMs?: number;
}

export interface House extends AsyncDisposable {
  publicUrl: URL;
  egress: Egress;
}

const ALL_APPS: readonly AppName[] = ["auth", "gateway", "dashboard"];
const WEB_ROOT = join(import.meta.dirname, "../../dashboard/web/dist");

interface Rooms extends HouseOptions {
  internal: InternalListener | undefined;
  egress: Egress;
  dependencies: Dependency[];
  /** What is opened here is closed with the house, in the opposite order. */
  stack: AsyncDisposableStack;
}

/** Serves the apps on one origin. What it opens before it fails, it closes again. */
export async function openHouse(options: HouseOptions): Promise<House> {
  await using stack = new AsyncDisposableStack();
  const { server, publicUrl, trustedProxies, access, log, apps: names = ALL_APPS } = options;
  const internal = await listenToReplicas(options, names);
  if (internal) stack.use(internal);
  const egress = stack.use(
    openEgress({
      allow: options.egressAllow,
      proxy: options.egressProxy,
      ownOrigins: ownOrigins(options, internal),
    }),
  );
  const apps: Partial<Record<AppName, App>> = {};
  const db = stack.use(openDatabase(access, roleOf(names[0]!), 1));
  const dependencies: Dependency[] = [{ name: "postgres", isNeeded: true, isUp: () => isReachable(db) }];
  for (const name of names) apps[name] = await OPEN[name]({ ...options, internal, egress, dependencies, stack });
  const readiness = stack.use(watchDependencies(dependencies));
  stack.use(keepReplicaRow({ db, apps: names, readiness, log }));
  options.metricsServer?.answerReadiness(() => readiness.check());
  const isReady = async () => (await readiness.check()).ready;
  server.removeAllListeners("request");
  server.on("request", route({ publicUrl, trustedProxies, apps, isReady, log }));
  stack.defer(() => goAway({ ...options, apps, leave: () => readiness.leave() }));
  const opened = stack.move();
  return { publicUrl, egress, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const roleOf = (name: AppName): AppRole => `gatehouse_${name}`;

function ownOrigins({ server, publicUrl }: HouseOptions, internal: InternalListener | undefined): URL[] {
  const listeners = [`http://127.0.0.1:${portOf(server)}`, ...(internal ? [internal.origin] : [])];
  return [publicUrl, ...listeners.map((origin) => new URL(origin))];
}

/** Only gateways have something to say to one another, and only those that share their state can. */
async function listenToReplicas(
  { redisUrl, vault, internalHost: host = "127.0.0.1", internalPort: port = 0 }: HouseOptions,
  names: readonly AppName[],
): Promise<InternalListener | undefined> {
  if (!redisUrl || !names.includes("gateway")) return undefined;
  const { listenInternally } = await import("@gatehouse/gateway/replicas/internal-listener");
  return listenInternally({ host, port, vault }).catch(explainInternal(host, port));
}

/** Each app is loaded only where it is served. */
const OPEN: Record<AppName, (rooms: Rooms) => Promise<App>> = {
  async auth({
    publicUrl,
    access,
    vault,
    egress,
    log,
    stack,
    smtpUrl,
    mailFrom,
    showMail,
    signup,
    operatorClients,
    auth: options,
  }) {
    const { startAuth } = await import("@gatehouse/auth/auth");
    const db = stack.use(openDatabase(access, "gatehouse_auth"));
    const dashboardRedirectUri = new URL("/dashboard/callback", publicUrl).href;
    const mail = { smtpUrl, mailFrom, showMail };
    return stack.use(
      await startAuth({
        publicUrl,
        db,
        vault,
        egress,
        log,
        dashboardRedirectUri,
        signup,
        operatorClients,
        ...mail,
        ...options,
      }),
    );
  },
  async gateway({
    publicUrl,
    access,
    redisUrl,
    internal,
    vault,
    egress,
    dependencies,
    log,
    stack,
    operatorClients,
    gateway: options,
  }) {
    const { startGateway } = await import("@gatehouse/gateway/gateway");
    if (!redisUrl) stack.use(await standAlone(access, log));
    const state = stack.use(await openState({ redisUrl }).catch(explainRedis(redisUrl)));
    if (redisUrl) dependencies.push({ name: "redis", isNeeded: false, isUp: () => state.isUp() });
    const rooms = { publicUrl, access, internal, vault, egress, state, log, operatorClients };
    return stack.use(await startGateway({ ...rooms, ...options }));
  },
  async dashboard(rooms) {
    const { server, publicUrl, issuerConnectUrl, access, vault, egress, log, stack, signup } = rooms;
    const { operatorClients, apps = ALL_APPS } = rooms;
    const { startDashboard } = await import("@gatehouse/dashboard/dashboard");
    stack.use(keepAudit(rooms));
    const db = stack.use(openDatabase(access, "gatehouse_dashboard"));
    const here = new URL(`http://127.0.0.1:${portOf(server)}`);
    const gatewayConnectUrl = rooms.gatewayConnectUrl ?? (apps.includes("gateway") ? here : publicUrl);
    return stack.use(
      startDashboard({
        ...{
          publicUrl,
          issuerConnectUrl: issuerConnectUrl ?? here,
          gatewayConnectUrl,
          db,
          vault,
          egress,
          log,
          signup,
          operatorClients,
        },
        webRoot: WEB_ROOT,
      }),
    );
  },
};

interface Leaving extends Pick<HouseOptions, "server" | "drainMs" | "graceMs"> {
  apps: Partial<Record<AppName, App>>;
  leave: () => void;
}

/**
 * Not ready first, and every connection is told to close with its answer; then nothing new is taken, streams end, and what is
 * under way has `graceMs` to end by itself.
 */
async function goAway({ server, apps, leave, drainMs = 0, graceMs = 1500 }: Leaving): Promise<void> {
  leave();
  apps.gateway?.leave?.();
  server.prependListener("request", (_request, response) => {
    response.shouldKeepAlive = false;
  });
  await passed(drainMs);
  const closed = close(server, graceMs, () => apps.gateway?.closeStreams?.());
  await Promise.race([apps.gateway?.drain?.(), passed(graceMs, undefined, { ref: false })]);
  await closed;
}
