import { isDeepStrictEqual } from "node:util";
import { type EditableTool, missedEdits, type ToolEdits } from "./edits.ts";

export interface KnownTool {
  definition: EditableTool;
  edits: ToolEdits | null;
}

export interface Comparison {
  added: string[];
  removed: string[];
  /** With what is different: `description`, `inputSchema` and the like. */
  changed: { name: string; members: string[] }[];
  /** Edits that have lost what they were for. */
  missed: { name: string; problems: string[] }[];
}

/** What an import changes, by the names of the tools as the description has them. */
export function compareTools(before: readonly KnownTool[], after: readonly EditableTool[]): Comparison {
  const known = new Map(before.map((tool) => [tool.definition.name, tool]));
  const now = new Map(after.map((definition) => [definition.name, definition]));
  const stayed = after.flatMap((definition) => {
    const old = known.get(definition.name);
    return old ? [{ old, definition }] : [];
  });
  return {
    added: after.filter(({ name }) => !known.has(name)).map(({ name }) => name),
    removed: before.flatMap(({ definition: { name } }) => (now.has(name) ? [] : [name])),
    changed: stayed.flatMap(({ old, definition }) => {
      const members = changedMembers(old.definition, definition);
      return members.length > 0 ? [{ name: definition.name, members }] : [];
    }),
    missed: stayed.flatMap(({ old, definition }) => {
      const problems = old.edits ? missedEdits(definition, old.edits) : [];
      return problems.length > 0 ? [{ name: definition.name, problems }] : [];
    }),
  };
}

function changedMembers(before: EditableTool, after: EditableTool): string[] {
  const members = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...members].filter((member) => !isDeepStrictEqual(before[member], after[member])).sort();
}
