import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { client } from "../client.ts";
import { nameOf, over, overPart, type Seen, seen } from "../preconditions.ts";

const { connectors } = client.orgs[":org"];

/** A part of them, by name; `after` is what the part before said comes next. */
export async function pageConnectors(org: string, query: PageQuery) {
  return (await connectors.$get({ param: { org }, query })).json();
}

export async function readConnector(org: string, slug: string) {
  return seen(await connectors[":slug"].$get({ param: { org, slug } }));
}

export async function registerConnector(org: string, json: Parameters<typeof connectors.$post>[0]["json"]) {
  return (await connectors.$post({ param: { org }, json })).json();
}

const { probe } = connectors[":slug"];
export type Probed = InferResponseType<typeof probe.$post>;

/** Has the upstream looked at once more; tells how its tools have changed. */
export async function probeConnector(org: string, slug: string): Promise<Probed> {
  return (await probe.$post({ param: { org, slug } })).json();
}

export type EraDecision = Parameters<(typeof connectors)[":slug"]["$patch"]>[0]["json"];

export async function pinEras(org: string, { slug, ...shown }: Connector, json: EraDecision): Promise<void> {
  const erasOf = ({ clientEras, upstreamEra }: Omit<Connector, "etag">) => ({ clientEras, upstreamEra });
  const unless = await overPart(erasOf(shown as Connector), () => readConnector(org, slug), erasOf);
  await connectors[":slug"].$patch({ param: { org, slug }, json, ...unless });
}

export type UpstreamChange = Parameters<(typeof connectors)[":slug"]["upstream"]["$put"]>[0]["json"];

/** Tried before it is stored. */
export async function changeUpstream(
  org: string,
  slug: string,
  json: UpstreamChange,
  etag: string | null,
): Promise<void> {
  await connectors[":slug"].upstream.$put({ param: { org, slug }, json, ...over(etag) });
}

export type OpenTo = Connector["openTo"];

/** Who may use it; `null` is every member. */
export async function openConnector(org: string, slug: string, openTo: OpenTo, etag: string | null): Promise<void> {
  await connectors[":slug"]["open-to"].$put({ param: { org, slug }, json: { openTo }, ...over(etag) });
}

export type ConnectorSummary = InferResponseType<typeof connectors.$get>["connectors"][number];
export type Connector = Seen<InferResponseType<(typeof connectors)[":slug"]["$get"]>>;

/** In the place of the name that is `shown`; `null` is whichever there is. */
export async function renameConnector(org: string, slug: string, name: string, shown: string | null): Promise<void> {
  const unless = await overPart(shown, () => readConnector(org, slug), nameOf);
  await connectors[":slug"].name.$put({ param: { org, slug }, json: { name }, ...unless });
}

/** `confirm` is its slug once more. */
export async function deleteConnector(org: string, { slug, etag }: Connector, confirm: string): Promise<void> {
  await connectors[":slug"].$delete({ param: { org, slug }, json: { confirm }, ...over(etag) });
}
