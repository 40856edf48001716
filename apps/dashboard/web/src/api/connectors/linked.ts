import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { client } from "../client.ts";
import { overPart, type Seen, seen } from "../preconditions.ts";

const { connectors, links } = client.orgs[":org"];
export type Link = InferResponseType<typeof links.$get>["links"][number];

export async function pageLinks(org: string, query: PageQuery) {
  return (await links.$get({ param: { org }, query })).json();
}

export async function unlink(org: string, connector: string): Promise<void> {
  await links[":connector"].$delete({ param: { org, connector } });
}

const { linked } = connectors[":slug"];
export type Linked = InferResponseType<typeof linked.$get>;
export type OAuthAppFields = Parameters<typeof linked.app.$put>[0]["json"];

/** A part of who has linked an account, and what Gatehouse asks for them as. */
export async function pageLinked(org: string, slug: string, query: PageQuery): Promise<Seen<Linked>> {
  return seen(await linked.$get({ param: { org, slug }, query }));
}

const appOf = ({ app }: Linked) => ({ app });

/** In the place of the one that is `shown`; `null` is whichever there is. */
export async function giveOAuthApp(
  org: string,
  slug: string,
  json: OAuthAppFields,
  shown: Linked | null,
): Promise<void> {
  const unless = await overPart(shown && appOf(shown), () => pageLinked(org, slug, {}), appOf);
  await linked.app.$put({ param: { org, slug }, json, ...unless });
}

export async function takeOAuthApp(org: string, slug: string, shown: Linked): Promise<void> {
  const unless = await overPart(appOf(shown), () => pageLinked(org, slug, {}), appOf);
  await linked.app.$delete({ param: { org, slug }, ...unless });
}
