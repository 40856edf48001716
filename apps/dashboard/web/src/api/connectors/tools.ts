import type { EditableTool, ToolEdits } from "@gatehouse/connectors/choice/edits";
import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";
import { isSame, over, overPart, type Seen, STALE, seen } from "../preconditions.ts";
import { type Connector, readConnector } from "./connectors.ts";

const { connectors } = client.orgs[":org"];
const { tools } = connectors[":slug"];
const tool = tools[":name"];
export type ToolDecision = Parameters<typeof tool.$patch>[0]["json"];

export type ToolDetails = Seen<Omit<InferResponseType<typeof tool.$get>, "definition" | "edits">> & {
  definition: EditableTool;
  edits: ToolEdits | null;
};

export async function readTool(org: string, slug: string, name: string): Promise<ToolDetails> {
  return seen(await tool.$get({ param: { org, slug, name } })) as Promise<ToolDetails>;
}

export async function decideOnTool(
  org: string,
  { slug, name }: { slug: string; name: string },
  json: ToolDecision,
  etag: string | null,
): Promise<void> {
  await tool.$patch({ param: { org, slug, name }, json, ...over(etag) });
}

type Decided = Pick<Tool, "offered" | "classification">;
const decidedOf = ({ offered, classification }: Decided): Decided => ({ offered, classification });

/** What is decided with a switch, on the tool as it is `shown`. */
export async function switchTool(org: string, slug: string, shown: Tool, json: ToolDecision): Promise<void> {
  const param = { org, slug, name: shown.name };
  const unless = await overPart(decidedOf(shown), () => readTool(org, slug, shown.name), decidedOf);
  await tool.$patch({ param, json, ...unless });
}

const NAMES_AT_ONCE = 500;

/** Of many at once, as they are `shown`. */
export async function switchTools(
  org: string,
  slug: string,
  shown: Tool[],
  decision: { offered: boolean } | { classification: "read" | "write" },
): Promise<void> {
  const names = new Set(shown.map(({ name }) => name));
  const [{ etag }, now] = await Promise.all([
    tools.$get({ param: { org, slug }, query: {} }).then(seen),
    readConnector(org, slug),
  ]);
  const decided = (all: Tool[]) => all.filter(({ name }) => names.has(name)).map(decidedOf);
  let unless = over(isSame(decided(now.tools), decided(shown)) ? etag : STALE);
  for (let from = 0; from < shown.length; from += NAMES_AT_ONCE) {
    const json = { names: [...names].slice(from, from + NAMES_AT_ONCE), ...decision };
    await tools.$post({ param: { org, slug }, json, ...unless });
    unless = over(null);
  }
}

export type Tool = Connector["tools"][number];
