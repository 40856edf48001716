import type { Tool } from "../api/connectors/tools.ts";

/** What clients see a tool as. */
export function shownName({ name, edits }: Pick<Tool, "name" | "edits">): string {
  return edits?.name ?? name;
}
