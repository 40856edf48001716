import { hc, type InferResponseType } from "hono/client";
import type { PlatformApi } from "../../../../server/dashboard.ts";
import type { PageQuery } from "../../ui/use-pages.ts";
import { send } from "../client.ts";
import { over, type Seen, seen } from "../preconditions.ts";

/** For operators. */
export const platform = hc<PlatformApi>("/api/platform", { fetch: send });
const orgOfAny = platform.orgs[":org"];
export type CountedOrgs = InferResponseType<typeof platform.orgs.$get>;
export type CountedOrg = CountedOrgs["orgs"][number];
export type OrgOfAny = InferResponseType<typeof orgOfAny.$get>;
type Plans = InferResponseType<typeof platform.plans.$get>;
export type Plan = Plans["plans"][number];
export type PlanLimits = Parameters<(typeof platform.plans)[":name"]["$put"]>[0]["json"]["limits"];
export type Health = InferResponseType<typeof platform.health.$get>;

export async function listOrgs(query: { search: string; after: string }): Promise<CountedOrgs> {
  return (await platform.orgs.$get({ query })).json();
}

export async function readOrgOfAny(org: string): Promise<Seen<OrgOfAny>> {
  return seen(await orgOfAny.$get({ param: { org } }));
}

export async function pagePeopleOfOrg(org: string, query: PageQuery) {
  return (await orgOfAny.people.$get({ param: { org }, query })).json();
}

export async function pageConnectorsOfOrg(org: string, query: PageQuery) {
  return (await orgOfAny.connectors.$get({ param: { org }, query })).json();
}

/** In place of the one that was shown; `null` is of whichever there is. */
export async function choosePlan(org: string, plan: string, etag: string | null): Promise<void> {
  await orgOfAny.plan.$put({ param: { org }, json: { plan }, ...over(etag) });
}

type Suspension = Parameters<typeof orgOfAny.suspension.$put>[0]["json"];

export async function suspendOrg({ slug: org, etags }: OrgOfAny, json: Suspension): Promise<void> {
  await orgOfAny.suspension.$put({ param: { org }, json, ...over(etags.suspension) });
}

export async function deleteOrgOfAny({ slug: org, etag }: Seen<OrgOfAny>, confirm: string): Promise<void> {
  await orgOfAny.$delete({ param: { org }, json: { confirm }, ...over(etag) });
}

export async function listPlans(): Promise<Plans> {
  return (await platform.plans.$get()).json();
}

export async function makePlan(json: Parameters<typeof platform.plans.$post>[0]["json"]): Promise<void> {
  await platform.plans.$post({ json });
}

/** In place of what it was shown to allow; `null` is of whatever it does. */
export async function changePlan(name: string, limits: PlanLimits, etag: string | null): Promise<void> {
  await platform.plans[":name"].$put({ param: { name }, json: { limits }, ...over(etag) });
}

export async function readHealth(): Promise<Health> {
  return (await platform.health.$get()).json();
}
