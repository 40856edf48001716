import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";

const { connectors } = client.orgs[":org"];
const { playground } = connectors[":slug"];
export type Offer = InferResponseType<(typeof playground)[":kind"]["$get"]>["items"][number];
export type PlaygroundCall = Parameters<typeof playground.$post>[0]["json"];
export type Called = InferResponseType<typeof playground.$post>;

/** What there is for whoever is signed in. */
export async function listOffers(org: string, slug: string, kind: "tools" | "resources" | "prompts"): Promise<Offer[]> {
  return (await (await playground[":kind"].$get({ param: { org, slug, kind } })).json()).items;
}

export async function callFromPlayground(org: string, slug: string, json: PlaygroundCall): Promise<Called> {
  return (await playground.$post({ param: { org, slug }, json })).json();
}
