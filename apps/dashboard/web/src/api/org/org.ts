import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";
import { nameOf, overPart, seen } from "../preconditions.ts";

const firstSteps = client.orgs[":org"]["first-steps"];
export type FirstSteps = InferResponseType<typeof firstSteps.$get>;

export async function readFirstSteps(org: string): Promise<FirstSteps> {
  return (await firstSteps.$get({ param: { org } })).json();
}

/** In the place of the name that is `shown`; `null` is whichever there is. */
export async function renameOrg(org: string, name: string, shown: string | null): Promise<void> {
  const address = client.orgs[":org"].name;
  const unless = await overPart(shown, async () => seen(await address.$get({ param: { org } })), nameOf);
  await address.$put({ param: { org }, json: { name }, ...unless });
}

/** `confirm` is its slug once more. */
export async function deleteOrg(org: string, confirm: string): Promise<void> {
  await client.orgs[":org"].$delete({ param: { org }, json: { confirm } });
}

export async function leaveOrg(org: string): Promise<void> {
  await client.orgs[":org"].leave.$post({ param: { org } });
}
