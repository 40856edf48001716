import { Fault } from "@gatehouse/faults";
import type { Kysely } from "kysely";
import type { OrgScope } from "./database.ts";
import type { PlanLimits, Tables } from "./tables.ts";

/** What operators allow an org. */
export interface Plan {
  name: string;
  limits: PlanLimits;
}

export const DEFAULT_PLAN = "default";

/** The org's. */
export function findPlan(org: OrgScope): Promise<Plan> {
  return org.db
    .selectFrom("orgs")
    .innerJoin("plans", "plans.name", "orgs.plan")
    .select(["plans.name", "plans.limits"])
    .where("orgs.id", "=", org.id)
    .executeTakeFirstOrThrow();
}

/** Takes no tenant. `null` where there is none of that name. */
export async function findPlanByName(db: Kysely<Tables>, name: string): Promise<Plan | null> {
  const plan = await db.selectFrom("plans").select(["name", "limits"]).where("name", "=", name).executeTakeFirst();
  return plan ?? null;
}

/** Takes no tenant: plans are the deployment's. */
export function listPlans(db: Kysely<Tables>): Promise<Plan[]> {
  return db.selectFrom("plans").select(["name", "limits"]).orderBy("name").execute();
}

/** Takes no tenant. `false` where there is one of that name. As the authorization server's role. */
export async function insertPlan(db: Kysely<Tables>, { name, limits }: Plan): Promise<boolean> {
  const result = await db
    .insertInto("plans")
    .values({ name, limits: JSON.stringify(limits) })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Takes no tenant. Counts for all orgs that have the plan. As the authorization server's role. */
export async function savePlan(db: Kysely<Tables>, { name, limits }: Plan): Promise<void> {
  const values = { limits: JSON.stringify(limits) };
  await db
    .insertInto("plans")
    .values({ name, ...values })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(values))
    .execute();
}

/** Answers the plan that the org had before. As the authorization server's role. */
export async function updatePlan(org: OrgScope, name: string): Promise<string> {
  const { plan: before } = await org.db
    .selectFrom("orgs")
    .select("plan")
    .where("id", "=", org.id)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const known = await org.db.selectFrom("plans").select("name").where("name", "=", name).executeTakeFirst();
  if (!known) throw new Fault("not_found", `There is no plan “${name}”.`);
  await org.db.updateTable("orgs").set({ plan: name }).where("id", "=", org.id).execute();
  return before;
}
