import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";
import { over, type Seen, seen } from "../preconditions.ts";

const { limits } = client.orgs[":org"];
export type Limits = InferResponseType<typeof limits.$get>;
type SubjectSearch = Parameters<typeof limits.subjects.$get>[0]["query"] & { search: string };
export type LimitChange = Parameters<typeof limits.$put>[0]["json"];

/** What can be limited by itself, and has this in its name. */
export async function searchSubjects(org: string, query: SubjectSearch) {
  return (await (await limits.subjects.$get({ param: { org }, query })).json()).subjects;
}

export async function readLimits(org: string): Promise<Seen<Limits>> {
  return seen(await limits.$get({ param: { org } }));
}

export async function changeLimit(org: string, json: LimitChange, etag: string | null): Promise<void> {
  await limits.$put({ param: { org }, json, ...over(etag) });
}
