import type { EditableTool, ToolEdits } from "@gatehouse/connectors/choice/edits";
import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { client } from "../client.ts";
import { over, overPart, type Seen, seen } from "../preconditions.ts";

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

export type ToolFilter = Parameters<typeof tools.$patch>[0]["query"];

/** A part of those that match, by name, and what all of them come to. */
export async function pageTools(org: string, slug: string, query: ToolFilter & PageQuery) {
  return seen(await tools.$get({ param: { org, slug }, query }));
}

type DecisionOnMany = Parameters<typeof tools.$patch>[0]["json"];

/** On all that match, as they were shown. */
export async function decideOnTools(
  org: string,
  slug: string,
  { query, json, etag }: { query: ToolFilter; json: DecisionOnMany; etag: string },
): Promise<void> {
  await tools.$patch({ param: { org, slug }, query, json, ...over(etag) });
}

export type ToolsPage = Awaited<ReturnType<typeof pageTools>>;
export type Tool = ToolsPage["tools"][number];
