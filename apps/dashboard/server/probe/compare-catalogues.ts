import { isDeepStrictEqual } from "node:util";
import type { NewTool, Tool } from "@gatehouse/store/connectors";
import type { ToolDefinition } from "@gatehouse/store/tables";

export interface CatalogueChanges {
  added: NewTool[];
  /** With their new definitions, and what is left of the owner's decision. */
  changed: Tool[];
  removed: string[];
  /** Those of the changed ones that were a read, and have to be judged anew. */
  unclassified: string[];
}

/** What the stored catalogue lacks of the upstream's. New tools wait for the owner: unclassified, and not offered. */
export function compareCatalogues(stored: Tool[], listed: ToolDefinition[]): CatalogueChanges {
  const before = new Map(stored.map((tool) => [tool.name, tool]));
  const after = new Set(listed.map(({ name }) => name));
  const changed = listed.flatMap((definition) => {
    const tool = before.get(definition.name);
    return tool && !isDeepStrictEqual(tool.definition, definition) ? [redefined(tool, definition)] : [];
  });
  return {
    changed,
    added: listed
      .filter(({ name }) => !before.has(name))
      .map((definition) => ({ name: definition.name, definition, classification: null, offered: false })),
    removed: stored.map(({ name }) => name).filter((name) => !after.has(name)),
    unclassified: changed
      .filter(({ name, classification }) => classification !== before.get(name)!.classification)
      .map(({ name }) => name),
  };
}

/** What was classified as a read was so for what it took and what it claimed to do; a write stays one. */
function redefined(tool: Tool, definition: ToolDefinition): Tool {
  const { inputSchema, annotations } = tool.definition;
  const isAsJudged =
    isDeepStrictEqual(inputSchema, definition.inputSchema) && isDeepStrictEqual(annotations, definition.annotations);
  const classification = tool.classification === "read" && !isAsJudged ? null : tool.classification;
  return { ...tool, definition, classification };
}
