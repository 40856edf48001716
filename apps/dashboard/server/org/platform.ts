import { Fault } from "@gatehouse/faults";
import type { AuditEvent } from "@gatehouse/store/audit-events";
import { pageConnectors } from "@gatehouse/store/connectors";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { pageMembers } from "@gatehouse/store/members";
import { insertOperatorAct, insertPlatformAudit, isOperator } from "@gatehouse/store/operators";
import { markDeleted } from "@gatehouse/store/org-deletion";
import { SLUG } from "@gatehouse/store/orgs";
import { listOutages } from "@gatehouse/store/outages";
import { listPlans, savePlan, updatePlan } from "@gatehouse/store/plans";
import {
  type CountedOrg,
  countWaiting,
  findOrgCounted,
  listOrgsCounted,
  listOutagesOfAll,
  type Waiting,
} from "@gatehouse/store/platform";
import { listReplicas } from "@gatehouse/store/replicas";
import { resumeOrg, suspendOrg } from "@gatehouse/store/suspensions";
import type { PlanLimits } from "@gatehouse/store/tables";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { z } from "zod";
import { Confirmation, confirmBy } from "../api/confirmation.ts";
import { jsonBody, pageOf, query, SearchedPage } from "../api/fields.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { RoleField } from "../people/roles.ts";
import type { SignedIn } from "../signing-in/session.ts";
import { Limit } from "../usage/limits.ts";

const TEXT_LENGTH_MAX = 100;

const OrgsPage = z.object({
  search: z.string().trim().max(TEXT_LENGTH_MAX).default(""),
  after: z.string().max(TEXT_LENGTH_MAX).default(""),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const PlanName = z
  .string()
  .regex(/^[a-z0-9](-?[a-z0-9]){0,38}$/, "Use lower-case letters, digits and single hyphens, 39 at most");
const PlanChoice = z.object({ plan: PlanName });
const PlanFields = z.object({ limits: z.partialRecord(Limit.shape.subject, Limit.shape.amounts) });
const Suspension = Confirmation.extend({ suspended: z.boolean() });

const needs = "operate the deployment";

const OrgAnswer = z.object({
  ...{ slug: z.string(), name: z.string(), plan: z.string() },
  ...{ members: z.int(), connectors: z.int() },
  /** Of the last 24 hours, as far as they are counted. */
  ...{ calls: z.int(), errors: z.int() },
  createdAt: z.iso.datetime(),
  ...{ suspendedAt: z.iso.datetime().nullable(), deletedAt: z.iso.datetime().nullable() },
});
const OrgsAnswer = z.object({ orgs: z.array(OrgAnswer), next: z.string().nullable() });

const PersonAnswer = z.object({ id: z.uuid(), name: z.string(), email: z.string(), role: RoleField });
const PeopleAnswer = z.object({ people: z.array(PersonAnswer), next: z.uuid().nullable() });

const EndpointAnswer = z.object({
  ...{ slug: z.string(), name: z.string(), upstream: z.string(), isDown: z.boolean() },
});
const EndpointsAnswer = z.object({ endpoints: z.array(EndpointAnswer), next: z.uuid().nullable() });

const PlansAnswer = z.object({
  plans: z.array(z.object({ name: z.string(), limits: z.partialRecord(Limit.shape.subject, Limit.shape.amounts) })),
});

const WaitingAnswer = z.object({ count: z.int(), since: z.iso.datetime().nullable() });
const HealthAnswer = z.object({
  replicas: z.array(
    z.object({
      ...{ id: z.string(), apps: z.array(z.string()), host: z.string(), version: z.string() },
      dependencies: z.record(z.string(), z.string()),
      ...{ startedAt: z.iso.datetime(), seenAt: z.iso.datetime(), isAlive: z.boolean() },
    }),
  ),
  waiting: z.object({
    ...{ audit: WaitingAnswer, mails: WaitingAnswer, revocations: WaitingAnswer, deliveries: WaitingAnswer },
  }),
  outages: z.array(z.object({ org: z.string(), connector: z.string(), since: z.iso.datetime() })),
});

/** For whom it is none of theirs, there is no such address. Only people operate, in their browsers. */
export function requireOperator({ db }: Pick<Deps, "db">) {
  return createMiddleware<SignedIn>(async function requireOperator(c, next) {
    const isAllowed = c.var.browser !== null && (await isOperator(db, c.var.session.user.id));
    if (!isAllowed) throw new Fault("not_found", "There is nothing at this address");
    await next();
  });
}

/** `/api/platform`: for who runs the deployment. They see that orgs are there, and nothing that orgs keep. */
export function platform(deps: Deps) {
  const { db } = deps;
  return new Hono<SignedIn>()
    .get(
      "/orgs",
      operation("listOrgs", { summary: "List all orgs, by their slugs", needs, answers: OrgsAnswer }),
      query(OrgsPage),
      async function listOrgs(c) {
        const { limit, ...page } = c.req.valid("query");
        const rows = await listOrgsCounted(db, { ...page, limit: limit + 1 });
        const { items, next } = pageOf(rows, limit, ({ slug }) => slug);
        return c.json({ orgs: items.map(orgView), next });
      },
    )
    .get(
      "/orgs/:org",
      operation("readOrg", { summary: "Read of an org what can be counted", needs, answers: OrgAnswer }),
      async function readOrg(c) {
        return c.json(orgView(await findOrg(db, c.req.param("org"))));
      },
    )
    .get(
      "/orgs/:org/people",
      operation("listPeopleOfOrg", { summary: "List an org's members, by name", needs, answers: PeopleAnswer }),
      query(SearchedPage),
      async function listPeople(c) {
        const { limit, ...wanted } = c.req.valid("query");
        const { id } = await findOrg(db, c.req.param("org"));
        const rows = await withOrg(db, id, (scope) => pageMembers(scope, { ...wanted, limit: limit + 1 }));
        const { items, next } = pageOf(rows, limit, ({ userId }) => userId);
        return c.json({
          people: items.map(({ userId, name, email, role }) => ({ id: userId, name, email, role })),
          next,
        });
      },
    )
    .get(
      "/orgs/:org/connectors",
      operation("listConnectorsOfOrg", {
        summary: "List an org's connectors, by name, and whether they answer",
        needs,
        answers: EndpointsAnswer,
      }),
      query(SearchedPage),
      async function listConnectors(c) {
        const { limit, ...wanted } = c.req.valid("query");
        const org = await findOrg(db, c.req.param("org"));
        const [rows, outages] = await withOrg(db, org.id, async (scope) => [
          await pageConnectors(scope, { ...wanted, limit: limit + 1 }),
          await listOutages(scope),
        ]);
        const { items, next } = pageOf(rows, limit, ({ id }) => id);
        const endpoints = items.map(({ id, slug, name, url }) => ({
          ...{ slug, name, upstream: new URL(url).host },
          isDown: outages.some(({ connectorId }) => connectorId === id),
        }));
        return c.json({ endpoints, next });
      },
    )
    .put(
      "/orgs/:org/plan",
      operation("choosePlan", { summary: "Give an org a plan", needs }),
      jsonBody(PlanChoice),
      async function choosePlan(c) {
        const { plan } = c.req.valid("json");
        await onOrg(db, actOf(c.req.param("org"), c.var.session), async (scope) => {
          const before = await updatePlan(scope, plan);
          return before === plan ? null : { event: "plan.changed", entry: { before, after: plan } };
        });
        return c.body(null, 204);
      },
    )
    .put(
      "/orgs/:org/suspension",
      operation("suspendOrg", { summary: "Suspend an org, or resume it", needs }),
      jsonBody(Suspension),
      async function suspend(c) {
        const { suspended, ...confirmation } = c.req.valid("json");
        await onOrg(db, actOf(c.req.param("org"), c.var.session), async (scope, { slug, deletedAt }) => {
          confirmBy(slug, confirmation);
          if (deletedAt) throw new Fault("conflict", `${slug} has been deleted, for good`);
          const isNew = await (suspended ? suspendOrg(scope) : resumeOrg(scope));
          const entry = { before: { suspended: !suspended }, after: { suspended } };
          return isNew ? { event: suspended ? "org.suspended" : "org.resumed", entry } : null;
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/orgs/:org",
      operation("deleteAnyOrg", { summary: "Delete an org, for good, with all that it kept secret", needs }),
      jsonBody(Confirmation),
      async function remove(c) {
        await onOrg(db, actOf(c.req.param("org"), c.var.session), async (scope, { slug }) => {
          confirmBy(slug, c.req.valid("json"));
          return (await markDeleted(scope)) ? { event: "org.deleted", entry: { before: { slug } } } : null;
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/plans",
      operation("listPlans", { summary: "List plans, and what they allow", needs, answers: PlansAnswer }),
      async function readPlans(c) {
        return c.json({ plans: await listPlans(db) });
      },
    )
    .put(
      "/plans/:name",
      operation("savePlan", { summary: "Make a plan, or change what it allows", needs }),
      jsonBody(PlanFields),
      async function save(c) {
        const name = PlanName.safeParse(c.req.param("name"));
        if (!name.success)
          throw new Fault("invalid_request", `This is no name for a plan. ${name.error.issues[0]!.message}`);
        const limits = c.req.valid("json").limits as PlanLimits;
        const userId = c.var.session.user.id;
        await db.transaction().execute(async (transaction) => {
          const before = (await listPlans(transaction)).find((plan) => plan.name === name.data)?.limits ?? null;
          await savePlan(transaction, { name: name.data, limits });
          const entry = { plan: name.data, before, after: limits };
          await insertPlatformAudit(transaction, { event: "plan.saved", userId, entry });
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/health",
      operation("readHealth", {
        summary: "Read which processes run, what waits, and which upstreams do not answer",
        needs,
        answers: HealthAnswer,
      }),
      async function readHealth(c) {
        const { audit, mails, revocations, deliveries } = await countWaiting(db);
        const outages = await listOutagesOfAll(db);
        const replicas = await listReplicas(db);
        return c.json({
          replicas: replicas.map(({ startedAt, seenAt, ...replica }) => ({
            ...replica,
            ...{ startedAt: startedAt.toISOString(), seenAt: seenAt.toISOString() },
          })),
          waiting: {
            ...{ audit: waitingView(audit), mails: waitingView(mails) },
            ...{ revocations: waitingView(revocations), deliveries: waitingView(deliveries) },
          },
          outages: outages.map(({ since, ...outage }) => ({ ...outage, since: since.toISOString() })),
        });
      },
    );
}

interface Act {
  slug: string;
  /** Who does it. */
  userId: string;
}

const actOf = (slug: string, { user }: SignedIn["Variables"]["session"]): Act => ({ slug, userId: user.id });

async function onOrg(
  db: Database,
  { slug, userId }: Act,
  change: (scope: OrgScope, org: CountedOrg) => Promise<{ event: AuditEvent; entry: object } | null>,
): Promise<void> {
  const org = await findOrg(db, slug);
  await withOrg(db, org.id, async (scope) => {
    const done = await change(scope, org);
    if (done) await insertOperatorAct(scope, { ...done, slug, userId });
  });
}

async function findOrg(db: Database, slug: string): Promise<CountedOrg> {
  const org = SLUG.test(slug) ? await findOrgCounted(db, slug) : null;
  if (!org) throw new Fault("not_found", "There is no such organisation");
  return org;
}

function orgView({ id: _, createdAt, suspendedAt, deletedAt, ...org }: CountedOrg) {
  return {
    ...org,
    createdAt: createdAt.toISOString(),
    suspendedAt: suspendedAt?.toISOString() ?? null,
    deletedAt: deletedAt?.toISOString() ?? null,
  };
}

function waitingView({ count, since }: Waiting) {
  return { count, since: since?.toISOString() ?? null };
}
