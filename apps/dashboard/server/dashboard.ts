import type { IncomingMessage, ServerResponse } from "node:http";
import { DESCRIPTION_BYTES_MAX } from "@gatehouse/connectors/openapi/read-description";
import type { Egress } from "@gatehouse/egress/egress";
import { Fault } from "@gatehouse/faults";
import type { OperatorClients } from "@gatehouse/oauth/client/operator-clients";
import { type Limiter, openLimiter } from "@gatehouse/state/limiter";
import type { Database } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import { traceRequest } from "@gatehouse/telemetry/request-span";
import type { Vault } from "@gatehouse/vault/vault";
import { getRequestListener } from "@hono/node-server";
import { type Context, Hono, type Next } from "hono";
import { requireScope } from "./api/bearer.ts";
import { answerFault } from "./api/faults.ts";
import { idempotency } from "./api/idempotency.ts";
import { limitBodies, limitBody } from "./api/limit-body.ts";
import { requireMembership } from "./api/membership.ts";
import { describeApi } from "./api/openapi.ts";
import { preconditions, type Shown } from "./api/preconditions.ts";
import { limitCallers } from "./api/rate-limit.ts";
import { recordRefusals } from "./api/record-refusals.ts";
import { openRoutesTaken } from "./api/routes-taken.ts";
import { audit } from "./audit/audit.ts";
import { auditDeliveries } from "./audit/audit-deliveries.ts";
import { clients } from "./clients/clients.ts";
import { ownClients } from "./clients/own-clients.ts";
import { serviceAccounts } from "./clients/service-accounts.ts";
import { tokenLifetimes } from "./clients/token-lifetimes.ts";
import { tokens } from "./clients/tokens.ts";
import { apis } from "./connectors/apis.ts";
import { connectorSettings } from "./connectors/connector-settings.ts";
import { connectors } from "./connectors/connectors.ts";
import { linked } from "./connectors/linked.ts";
import { links } from "./connectors/links.ts";
import { playground } from "./connectors/playground.ts";
import { risks } from "./connectors/risks.ts";
import { tools } from "./connectors/tools.ts";
import { finishDeletions } from "./org/destroy-deleted-orgs.ts";
import { firstSteps } from "./org/first-steps.ts";
import { orgSettings } from "./org/org-settings.ts";
import { platform, requireOperator } from "./org/platform.ts";
import { access } from "./people/access.ts";
import { announcements } from "./people/announcements.ts";
import { ownUse } from "./people/own-use.ts";
import { people } from "./people/people.ts";
import { teams } from "./people/teams.ts";
import { keepVerdictsFresh } from "./probe/renew-verdicts.ts";
import { type Issuer, ourIssuer } from "./signing-in/issuer.ts";
import { requireCaller, session } from "./signing-in/session.ts";
import { signIn } from "./signing-in/sign-in.ts";
import { limits } from "./usage/limits.ts";
import { usage } from "./usage/usage.ts";
import { web } from "./web.ts";

const BODY_BYTES_MAX = 64 * 1024;
/** An API's description within JSON, where each of its characters may take two. */
const DESCRIPTION_BODY_BYTES_MAX = 2 * DESCRIPTION_BYTES_MAX;

export interface DashboardDeps {
  publicUrl: URL;
  /** Where the issuer is reached from here; it is addressed by `publicUrl`'s host all the same. */
  issuerConnectUrl: URL;
  /** The same of the gateway. */
  gatewayConnectUrl: URL;
  /** As `gatehouse_dashboard`. */
  db: Database;
  vault: Vault;
  egress: Egress;
  log: Logger;
  /** Who may make an org: everybody, who owns one already (so where nothing is said), or nobody any more. */
  signup?: "open" | "invite" | "closed" | undefined;
  /** OAuth clients that the operator has made at known services. */
  operatorClients?: OperatorClients | undefined;
  /** The built web app. */
  webRoot: string;
}

/** What the routes are given. */
export interface Deps extends DashboardDeps {
  issuer: Issuer;
  /** Of this process alone. */
  limiter: Limiter;
}

export interface Dashboard extends AsyncDisposable {
  handle(req: IncomingMessage, res: ServerResponse): void;
}

/** The management API and the browser's session under `/api`; signing in and the web app under `/dashboard`. */
export function startDashboard(options: DashboardDeps): Dashboard {
  const limiter = openLimiter(null);
  const deps = { ...options, issuer: ourIssuer(options), limiter };
  const shown: Shown = { fetch: (request) => app.fetch(request), routes: () => app.routes };
  const routes = api(deps, shown);
  const operators = platformApi(deps, shown);
  let described: ReturnType<typeof describeApi> | undefined;
  const taken = openRoutesTaken();
  const app = new Hono()
    .onError(answerFault(deps.log))
    .use(taken.note)
    .use(refuseNul)
    .notFound(nothingHere)
    .get("/api/openapi.json", async function describe(c) {
      described ??= describeApi(new Hono().route("/platform", operators).route("/", routes));
      return c.json(await described);
    })
    .route("/api/platform", operators)
    .route("/api", routes)
    .route("/dashboard", signIn(deps))
    .route("/dashboard", web(deps));
  const jobs = new AsyncDisposableStack();
  jobs.defer(() => limiter.close());
  jobs.use(keepVerdictsFresh(deps));
  jobs.use(finishDeletions(deps));
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return {
    handle(req, res) {
      traceRequest(
        req,
        res,
        () => taken.of(req),
        () => void answer(req, res),
      );
    },
    [Symbol.asyncDispose]: () => jobs.disposeAsync(),
  };
}

/** No name that there is has one, and Postgres cannot even look for it. */
async function refuseNul(c: Context, next: Next): Promise<void> {
  if (c.req.path.includes("\0")) nothingHere();
  await next();
}

function nothingHere(): never {
  throw new Fault("not_found", "There is nothing at this address");
}

/** `shown` is itself, from without. */
export function api(deps: Deps, shown: Shown) {
  return new Hono()
    .use(requireCaller(deps))
    .use(limitCallers(deps))
    .use("/orgs/:org/*", requireMembership(deps))
    .use("/orgs/:org/*", recordRefusals(deps))
    .use("/orgs/:org/*", requireScope)
    .use("/orgs/:org/*", preconditions(deps, shown))
    .use("/orgs/:org/apis/*", limitBody(DESCRIPTION_BODY_BYTES_MAX), limitBodies(3 * DESCRIPTION_BODY_BYTES_MAX))
    .use("/orgs/:org/apis/*", idempotency(deps))
    .route("/orgs/:org/apis", apis(deps))
    .use(limitBody(BODY_BYTES_MAX))
    .use("/orgs/:org/*", idempotency(deps))
    .route("/session", session(deps))
    .route("/orgs/:org", orgSettings(deps))
    .route("/orgs/:org/connectors", connectors(deps))
    .route("/orgs/:org/connectors", tools(deps))
    .route("/orgs/:org/connectors", connectorSettings(deps))
    .route("/orgs/:org/connectors", linked(deps))
    .route("/orgs/:org/connectors", risks(deps))
    .route("/orgs/:org/connectors", announcements(deps))
    .route("/orgs/:org/first-steps", firstSteps(deps))
    .route("/orgs/:org/connectors", playground(deps))
    .route("/orgs/:org/teams", teams(deps))
    .route("/orgs/:org/links", links(deps))
    .route("/orgs/:org/access", ownUse(deps))
    .route("/orgs/:org/access", access(deps))
    .route("/orgs/:org/tokens", tokens(deps))
    .route("/orgs/:org/service-accounts", serviceAccounts(deps))
    .route("/orgs/:org/clients", clients(deps))
    .route("/orgs/:org/own-clients", ownClients(deps))
    .route("/orgs/:org/people", people(deps))
    .route("/orgs/:org/token-lifetimes", tokenLifetimes(deps))
    .route("/orgs/:org/limits", limits(deps))
    .route("/orgs/:org/usage", usage(deps))
    .route("/orgs/:org/audit-deliveries", auditDeliveries(deps))
    .route("/orgs/:org/audit", audit(deps));
}

/** For operators alone. */
export function platformApi(deps: Deps, shown: Shown) {
  return new Hono()
    .use(requireCaller(deps))
    .use(limitCallers(deps))
    .use(requireOperator(deps))
    .use(preconditions(deps, shown))
    .use(limitBody(BODY_BYTES_MAX))
    .route("/", platform(deps));
}

/** The routes under `/api`, and those under `/api/platform`, for a typed client. */
export type Api = ReturnType<typeof api>;
export type PlatformApi = ReturnType<typeof platformApi>;
