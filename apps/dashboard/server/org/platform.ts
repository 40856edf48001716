import { Fault } from "@gatehouse/faults";
import { NO_ORG } from "@gatehouse/store/audit";
import type { AuditEvent } from "@gatehouse/store/audit-events";
import { pageConnectors } from "@gatehouse/store/connectors";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { pageMembers } from "@gatehouse/store/members";
import { insertOperatorAct, insertPlatformAudit, isOperator } from "@gatehouse/store/operators";
import { markDeleted } from "@gatehouse/store/org-deletion";
import { SLUG } from "@gatehouse/store/orgs";
import { listOutages } from "@gatehouse/store/outages";
import { findPlanByName, insertPlan, listPlans, type Plan, savePlan, updatePlan } from "@gatehouse/store/plans";
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
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { z } from "zod";
import { Confirmation, confirmBy } from "../api/confirmation.ts";
import { jsonBody, pageOf, query, SearchedPage } from "../api/fields.ts";
import { operation } from "../api/operation.ts";
import { etagOf } from "../api/preconditions.ts";
import { EntriesAnswer, EntriesPage, EntryAnswer, readLogEntry, searchLog } from "../audit/audit.ts";
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
const NewPlan = PlanFields.extend({ name: PlanName });
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
const SuspensionAnswer = OrgAnswer.pick({ suspendedAt: true });
/** With what `If-Match` is to say where one of these is changed. */
const OneOrgAnswer = OrgAnswer.extend({ etags: z.object({ plan: z.string(), suspension: z.string() }) });
const OrgsAnswer = z.object({ orgs: z.array(OrgAnswer), next: z.string().nullable() });

const PersonAnswer = z.object({ id: z.uuid(), name: z.string(), email: z.string(), role: RoleField });
const PeopleAnswer = z.object({ people: z.array(PersonAnswer), next: z.uuid().nullable() });

const EndpointAnswer = z.object({
  ...{ slug: z.string(), name: z.string(), upstream: z.string(), isDown: z.boolean() },
});
const EndpointsAnswer = z.object({ endpoints: z.array(EndpointAnswer), next: z.uuid().nullable() });

const PlanAnswer = PlanFields.extend({ name: z.string() });
const PlansAnswer = z.object({ plans: z.array(PlanAnswer.extend({ etag: z.string() })) });

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
      operation("readOrg", { summary: "Read of an org what can be counted", needs, answers: OneOrgAnswer }),
      async function readOrg(c) {
        const org = orgView(await findOrg(db, c.req.param("org")));
        const etags = { plan: etagOf(planView(org)), suspension: etagOf(suspensionView(org)) };
        return c.json({ ...org, etags });
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
    .get(
      "/orgs/:org/plan",
      operation("readPlanOfOrg", { summary: "Read which plan an org has", needs, answers: PlanChoice }),
      async function readPlanOfOrg(c) {
        return c.json(planView(await findOrg(db, c.req.param("org"))));
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
    .get(
      "/orgs/:org/suspension",
      operation("readSuspension", { summary: "Read since when an org is suspended", needs, answers: SuspensionAnswer }),
      async function readSuspension(c) {
        return c.json(suspensionView(orgView(await findOrg(db, c.req.param("org")))));
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
        return c.json({ plans: (await listPlans(db)).map((plan) => ({ ...plan, etag: etagOf(plan) })) });
      },
    )
    .post(
      "/plans",
      operation("makePlan", { summary: "Make a plan", needs }),
      jsonBody(NewPlan),
      async function makePlan(c) {
        const plan = c.req.valid("json") as Plan;
        await db.transaction().execute(async (transaction) => {
          if (!(await insertPlan(transaction, plan))) throw nameIsTaken(plan.name);
          const entry = { plan: plan.name, before: null, after: plan.limits };
          await insertPlatformAudit(transaction, { event: "plan.saved", userId: c.var.session.user.id, entry });
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/plans/:name",
      operation("readPlan", { summary: "Read what a plan allows", needs, answers: PlanAnswer }),
      async function readPlan(c) {
        return c.json((await findPlanByName(db, c.req.param("name"))) ?? noSuchPlan());
      },
    )
    .put(
      "/plans/:name",
      operation("changePlan", { summary: "Change what a plan allows", needs }),
      jsonBody(PlanFields),
      async function changePlan(c) {
        const { limits } = c.req.valid("json") as Pick<Plan, "limits">;
        await db.transaction().execute(async (transaction) => {
          const { name, limits: before } = (await findPlanByName(transaction, c.req.param("name"))) ?? noSuchPlan();
          await savePlan(transaction, { name, limits });
          const entry = { plan: name, before, after: limits };
          await insertPlatformAudit(transaction, { event: "plan.saved", userId: c.var.session.user.id, entry });
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/audit",
      operation("searchDeploymentAudit", {
        summary: "Search the deployment's own audit log, of what belongs to no org, newest first",
        needs,
        answers: EntriesAnswer,
      }),
      query(EntriesPage),
      async function searchAudit(c) {
        return c.json(await searchLog(db, NO_ORG, c.req.valid("query")));
      },
    )
    .get(
      "/audit/:id",
      operation("readDeploymentAuditEntry", {
        summary: "Read an entry of the deployment's own audit log",
        needs,
        answers: EntryAnswer,
      }),
      async function readAuditEntry(c) {
        return c.json(await readLogEntry(db, NO_ORG, c.req.param("id")));
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

function noSuchPlan(): never {
  throw new Fault("not_found", "There is no such plan");
}

function nameIsTaken(name: string): Fault {
  const problem = `There is a plan “${name}” already: change that one, or give this one another name`;
  return new Fault("conflict", problem, { data: { fields: { name: problem } } });
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

const planView = ({ plan }: { plan: string }) => ({ plan });
const suspensionView = ({ suspendedAt }: { suspendedAt: string | null }) => ({ suspendedAt });

function waitingView({ count, since }: Waiting) {
  return { count, since: since?.toISOString() ?? null };
}
