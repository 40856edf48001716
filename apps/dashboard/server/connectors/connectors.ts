import { memberWayOf } from "@gatehouse/credentials/access";
import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type Connector, countTools, lockConnector, pageConnectors, updateOpenTo } from "@gatehouse/store/connectors";
import { countLinked } from "@gatehouse/store/credentials";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { listOutages, type Outage } from "@gatehouse/store/outages";
import { listTeamsOfMember } from "@gatehouse/store/teams";
import { listTags, summarizeTools } from "@gatehouse/store/tools";
import { listUsageBy } from "@gatehouse/store/usage";
import type { User } from "@gatehouse/store/users";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { jsonBody, Page, query } from "../api/fields.ts";
import { type InOrg, may } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { findOwnLink } from "../probe/own-account.ts";
import { isSeen } from "../probe/probe.ts";
import { ProbedAnswer, probeAgain, VERDICT } from "../probe/probe-again.ts";
import { findConnector, findConnectorFor, noSuchConnector } from "./find-connector.ts";
import { ownLinkOf } from "./links.ts";
import { EraDecision, erasOf, pinEras } from "./pin-eras.ts";
import { NewConnectorFields, register } from "./register.ts";
import { OpenTo } from "./tool-choice.ts";
import { accessView, ChangedAnswer, changeUpstream, isApi, UpstreamFields } from "./upstream.ts";

const Openness = z.object({ openTo: OpenTo });

const Summary = z.object({
  ...{ id: z.uuid(), slug: z.string(), name: z.string(), upstream: z.string(), serverName: z.string() },
  ...VERDICT,
  seen: z.boolean(),
  createdAt: z.iso.datetime(),
  address: z.url(),
  /** `null` for an upstream that answers, and for one that nobody has called of late. */
  outage: z.object({ reason: z.string(), since: z.iso.datetime() }).nullable(),
});

const DAY_MS = 86_400_000;
const CONNECTORS_MAX = 10_000;

const ConnectorsPage = Page.extend({
  search: z.string().trim().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(200),
});

const ConnectorsAnswer = z.object({
  connectors: z.array(
    Summary.extend({
      tools: z.object({ total: z.int(), offered: z.int() }),
      /** When its server was last looked at, and answered. */
      probedAt: z.iso.datetime(),
      /** In the last 24 hours; `null` for who may not see what is used. */
      used: z.object({ calls: z.int(), errors: z.int() }).nullable(),
      /** How many members have linked an account; `null` where nobody does, and for who may not change it. */
      linked: z.int().nullable(),
    }),
  ),
  /** To be sent as `after` for the next page. */
  next: z.uuid().nullable(),
});

const ConnectorAnswer = Summary.extend({
  upstreamEra: z.enum(["auto", "legacy", "modern"]),
  clientEras: z.enum(["both", "legacy"]),
  openTo: OpenTo,
  probedAt: z.iso.datetime(),
  /** For those who may change it; the next three as well. */
  url: z.string().nullable(),
  descriptionUrl: z.string().nullable(),
  access: z
    .array(
      z.looseObject({
        ...{ kind: z.string(), slot: z.string() },
        credential: z.object({ setAt: z.iso.datetime(), setBy: z.string().nullable() }).nullable(),
      }),
    )
    .nullable(),
  /** How many members have linked an account. */
  linked: z.int().nullable(),
  ownLink: z
    .object({
      ...{ status: z.enum(["live", "broken"]).nullable(), account: z.string().nullable(), connectUrl: z.string() },
    })
    .nullable(),
  tools: z.object({ total: z.int(), offered: z.int() }),
  /** What its tools are filed under. */
  tags: z.array(z.string()),
});

const RegisteredAnswer = z.object({
  ...{ slug: z.string(), era: z.enum(["legacy", "modern"]), tools: z.int(), leftOut: z.array(z.string()) },
  ...{ seen: z.boolean(), address: z.url() },
});

/** `/api/orgs/:org/connectors` */
export function connectors(deps: Deps) {
  const { db, publicUrl } = deps;
  const addressOf = (org: { slug: string }, slug: string) => new URL(`/${org.slug}/${slug}/mcp`, publicUrl).href;

  return new Hono<InOrg>()
    .get(
      "/",
      operation("listConnectors", {
        summary: "List connectors",
        needs: "belong to the org",
        answers: ConnectorsAnswer,
      }),
      query(ConnectorsPage),
      async function list(c) {
        const { org } = c.var.membership;
        const { limit, ...page } = c.req.valid("query");
        const { rows, used, linked, ...seen } = await withOrg(db, org.id, async (scope) => ({
          rows: await pageConnectors(scope, { ...page, limit: limit + 1, openFor: await openFor(scope, c) }),
          counts: await countTools(scope),
          outages: await listOutages(scope),
          used: may(c.var.membership.role, "see what is used") ? await usedOfLate(scope) : null,
          linked: may(c.var.membership.role, "change connectors") ? await countLinked(scope) : null,
        }));
        const shown = rows.slice(0, limit).map((connector) => {
          const { id, slug, access } = connector;
          const { total = 0, offered = 0 } = seen.counts.find(({ connectorId }) => connectorId === id) ?? {};
          return {
            ...summaryOf(connector),
            ...{ outage: outageOf(connector, seen.outages), address: addressOf(org, slug), tools: { total, offered } },
            probedAt: connector.probedAt.toISOString(),
            used: used && (used.get(id) ?? { calls: 0, errors: 0 }),
            linked: linked && memberWayOf(access) ? (linked.get(id) ?? 0) : null,
          };
        });
        return c.json({ connectors: shown, next: rows.length > limit ? shown.at(-1)!.id : null });
      },
    )
    .post(
      "/",
      operation("registerConnector", {
        summary: "Register an MCP server, after a look at it",
        needs: "change connectors",
        answers: RegisteredAnswer,
        status: 201,
      }),
      jsonBody(NewConnectorFields),
      async function create(c) {
        const { org } = c.var.membership;
        const registered = await register(deps, { org, user: c.var.session.user }, c.req.valid("json"));
        return c.json({ ...registered, address: addressOf(org, registered.slug) }, 201);
      },
    )
    .get(
      "/:slug",
      operation("readConnector", {
        summary: "Read a connector",
        needs: "belong to the org",
        answers: ConnectorAnswer,
      }),
      async function read(c) {
        const { org, role } = c.var.membership;
        const mayChange = may(role, "change connectors");
        const userId = c.var.session.user.id;
        const { connector, tools, tags, view, link, outages } = await withOrg(db, org.id, async (scope) => {
          const connector = await findConnectorFor(scope, c, c.req.param("slug"));
          return {
            ...{
              connector,
              tools: await summarizeTools(scope, connector.id, {}),
              tags: await listTags(scope, connector.id),
            },
            view: mayChange ? await accessView(db, scope, connector) : { access: null, linked: null },
            link: await findOwnLink(scope, { userId, connector }),
            outages: await listOutages(scope),
          };
        });
        return c.json({
          ...summaryOf(connector),
          outage: outageOf(connector, outages),
          ...erasOf(connector),
          openTo: connector.openTo,
          descriptionUrl: mayChange ? connector.descriptionUrl : null,
          probedAt: connector.probedAt.toISOString(),
          address: addressOf(org, connector.slug),
          // A query or a path may hold a key, so the whole URL is for those who could change it.
          url: mayChange ? connector.url : null,
          ...view,
          /** The caller's own; `null` where nobody links one. */
          ownLink: memberWayOf(connector.access) ? ownLinkOf(deps, { org, connector, userId }, link) : null,
          tools: { total: tools.total, offered: tools.offered },
          tags,
        });
      },
    )
    .post(
      "/:slug/probe",
      operation("probeConnector", {
        summary: "Look at a connector's server once more",
        needs: "change connectors",
        answers: ProbedAnswer,
      }),
      async function check(c) {
        const { org } = c.var.membership;
        const connector = await withOrg(db, org.id, (scope) => findConnector(scope, c.req.param("slug")));
        if (isApi(connector))
          throw new Fault("invalid_request", "An API is not looked at: import its description anew");
        return c.json(await probeAgain(deps, { org, user: c.var.session.user }, connector));
      },
    )
    .put(
      "/:slug/upstream",
      operation("changeUpstream", {
        summary: "Change where a connector leads, and how it is opened",
        needs: "change connectors",
        answers: ChangedAnswer,
      }),
      jsonBody(UpstreamFields),
      async function change(c) {
        const { org } = c.var.membership;
        const connector = await withOrg(db, org.id, (scope) => findConnector(scope, c.req.param("slug")));
        return c.json(await changeUpstream(deps, { org, user: c.var.session.user }, connector, c.req.valid("json")));
      },
    )
    .patch(
      "/:slug",
      operation("pinEras", { summary: "Say which eras a connector's two edges speak", needs: "change connectors" }),
      jsonBody(EraDecision),
      async function pin(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id } = await findConnector(scope, c.req.param("slug"));
          const connector = (await lockConnector(scope, id)) ?? noSuchConnector();
          await pinEras(scope, c.var.session.user, connector, c.req.valid("json"));
        });
        return c.body(null, 204);
      },
    )
    .put(
      "/:slug/open-to",
      operation("openConnector", { summary: "Say who may use a connector", needs: "change connectors" }),
      jsonBody(Openness),
      async function open(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const connector = await findConnector(scope, c.req.param("slug"));
          await openConnector(scope, c.var.session.user, connector, c.req.valid("json").openTo);
        });
        return c.body(null, 204);
      },
    );
}

/** Whom a list is for, where it is not for those who see every connector. */
async function openFor(scope: OrgScope, c: Context<InOrg>) {
  const { role } = c.var.membership;
  if (may(role, "change connectors")) return undefined;
  return { role, teams: await listTeamsOfMember(scope, c.var.session.user.id) };
}

async function usedOfLate(scope: OrgScope): Promise<Map<string, { calls: number; errors: number }>> {
  const used = await listUsageBy(scope, "connector", new Date(Date.now() - DAY_MS), CONNECTORS_MAX);
  return new Map(used.map(({ id, calls, errors }) => [id, { calls, errors }]));
}

async function openConnector(
  scope: OrgScope,
  user: User,
  { id, openTo: before }: Connector,
  openTo: Connector["openTo"],
): Promise<void> {
  await updateOpenTo(scope, id, openTo);
  const entry = { before: { openTo: before }, after: { openTo } };
  await insertAudit(scope, { event: "connector.changed", outcome: "ok", userId: user.id, connectorId: id, entry });
}

/** `null` for an upstream that answers, and for one that nobody has called of late. */
function outageOf({ id }: Connector, outages: Outage[]) {
  const outage = outages.find(({ connectorId }) => connectorId === id);
  return outage ? { reason: outage.reason, since: outage.since.toISOString() } : null;
}

function summaryOf(connector: Connector) {
  const { id, slug, name, url, era, protocolVersion, transport, serverName, createdAt } = connector;
  return {
    id,
    slug,
    name,
    upstream: new URL(url).host,
    era,
    protocolVersion,
    transport,
    serverName,
    /** Its era and its tools are known. */
    seen: isSeen(connector),
    createdAt: createdAt.toISOString(),
  };
}
