import { hc, type InferResponseType } from "hono/client";
import type { PlatformApi } from "../../../../server/dashboard.ts";
import { headers, send } from "../client.ts";

/** For operators. */
const platform = hc<PlatformApi>("/api/platform", { fetch: send, headers });
const orgOfAny = platform.orgs[":org"];
export type CountedOrgs = InferResponseType<typeof platform.orgs.$get>;
export type CountedOrg = CountedOrgs["orgs"][number];
export type OrgOfAny = InferResponseType<typeof orgOfAny.$get>;
export type Plan = InferResponseType<typeof platform.plans.$get>["plans"][number];
export type PlanLimits = Parameters<(typeof platform.plans)[":name"]["$put"]>[0]["json"]["limits"];
export type Health = InferResponseType<typeof platform.health.$get>;

export async function listOrgs(query: { search: string; after: string }): Promise<CountedOrgs> {
  return (await platform.orgs.$get({ query })).json();
}

export async function readOrgOfAny(org: string): Promise<OrgOfAny> {
  return (await orgOfAny.$get({ param: { org } })).json();
}

export async function choosePlan(org: string, plan: string): Promise<void> {
  await orgOfAny.plan.$put({ param: { org }, json: { plan } });
}

export async function suspendOrg(org: string, json: { suspended: boolean; confirm: string }): Promise<void> {
  await orgOfAny.suspension.$put({ param: { org }, json });
}

export async function deleteOrgOfAny(org: string, confirm: string): Promise<void> {
  await orgOfAny.$delete({ param: { org }, json: { confirm } });
}

export async function listPlans(): Promise<Plan[]> {
  return (await (await platform.plans.$get()).json()).plans;
}

export async function savePlan(name: string, limits: PlanLimits): Promise<void> {
  await platform.plans[":name"].$put({ param: { name }, json: { limits } });
}

export async function readHealth(): Promise<Health> {
  return (await platform.health.$get()).json();
}
