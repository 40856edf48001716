import { Fault } from "@gatehouse/faults";
import type { AuditEvent } from "@gatehouse/store/audit-events";
import { listConnectors } from "@gatehouse/store/connectors";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { listPeople } from "@gatehouse/store/members";
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
import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { z } from "zod";
import { Confirmation, confirmBy } from "../api/confirmation.ts";
import { jsonBody, query } from "../api/fields.ts";
import type { Deps } from "../dashboard.ts";
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
    .get("/orgs", query(OrgsPage), async function listOrgs(c) {
      const { limit, ...page } = c.req.valid("query");
      const rows = await listOrgsCounted(db, { ...page, limit: limit + 1 });
      const orgs = rows.slice(0, limit).map(orgView);
      return c.json({ orgs, next: rows.length > limit ? orgs.at(-1)!.slug : null });
    })
    .get("/orgs/:org", async function readOrg(c) {
      const org = await findOrg(c, deps);
      const [members, connectors, outages] = await withOrg(db, org.id, async (scope) => [
        await listPeople(scope),
        await listConnectors(scope),
        await listOutages(scope),
      ]);
      return c.json({
        ...orgView(org),
        people: members.map(({ name, email, role }) => ({ name, email, role })),
        endpoints: connectors.map(({ id, slug, name, url }) => ({
          ...{ slug, name, upstream: new URL(url).host },
          isDown: outages.some(({ connectorId }) => connectorId === id),
        })),
      });
    })
    .put("/orgs/:org/plan", jsonBody(PlanChoice), async function choosePlan(c) {
      const { plan } = c.req.valid("json");
      await onOrg(c, deps, async (scope) => {
        const before = await updatePlan(scope, plan);
        return before === plan ? null : { event: "plan.changed", entry: { before, after: plan } };
      });
      return c.body(null, 204);
    })
    .put("/orgs/:org/suspension", jsonBody(Suspension), async function suspend(c) {
      const { suspended, ...confirmation } = c.req.valid("json");
      await onOrg(c, deps, async (scope, { slug, deletedAt }) => {
        confirmBy(slug, confirmation);
        if (deletedAt) throw new Fault("conflict", `${slug} has been deleted, for good`);
        const isNew = await (suspended ? suspendOrg(scope) : resumeOrg(scope));
        const entry = { before: { suspended: !suspended }, after: { suspended } };
        return isNew ? { event: suspended ? "org.suspended" : "org.resumed", entry } : null;
      });
      return c.body(null, 204);
    })
    .delete("/orgs/:org", jsonBody(Confirmation), async function remove(c) {
      await onOrg(c, deps, async (scope, { slug }) => {
        confirmBy(slug, c.req.valid("json"));
        return (await markDeleted(scope)) ? { event: "org.deleted", entry: { before: { slug } } } : null;
      });
      return c.body(null, 204);
    })
    .get("/plans", async function readPlans(c) {
      return c.json({ plans: await listPlans(db) });
    })
    .put("/plans/:name", jsonBody(PlanFields), async function save(c) {
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
    })
    .get("/health", async function readHealth(c) {
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
    });
}

async function onOrg(
  c: Context<SignedIn>,
  deps: Deps,
  change: (scope: OrgScope, org: CountedOrg) => Promise<{ event: AuditEvent; entry: object } | null>,
): Promise<void> {
  const org = await findOrg(c, deps);
  await withOrg(deps.db, org.id, async (scope) => {
    const done = await change(scope, org);
    if (done) await insertOperatorAct(scope, { ...done, slug: org.slug, userId: c.var.session.user.id });
  });
}

async function findOrg(c: Context<SignedIn>, { db }: Deps): Promise<CountedOrg> {
  const slug = c.req.param("org")!;
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
