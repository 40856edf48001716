import type { ArgumentEdit, EditableTool, ToolEdits } from "@gatehouse/connectors/choice/edits";
import type { OpenTo } from "../../api/connectors/connectors.ts";
import type { ToolDetails } from "../../api/connectors/tools.ts";
import type { Classification } from "../classifications.ts";
import { type Argument, argumentsOf, type Kind } from "./schema.ts";

/** A tool as it is being edited. What is not edited is as the original has it. */
export interface ToolFields {
  name: string;
  title: string;
  description: string;
  arguments: Record<string, ArgumentFields>;
  dropped: string[];
  classification: Classification | "";
  offered: boolean;
  openTo: OpenTo;
}

export interface ArgumentFields {
  use: "shown" | "pinned" | "hidden";
  /** What it is pinned to, or its default; empty where there is none. */
  value: string;
  description: string;
}

export function originalFields(
  tool: EditableTool,
): Pick<ToolFields, "name" | "title" | "description" | "arguments" | "dropped"> {
  const untouched = argumentsOf(tool).map(({ name, description }) => [name, { use: "shown", value: "", description }]);
  const { name, title = "", description = "" } = tool;
  return { name, title, description, arguments: Object.fromEntries(untouched), dropped: [] };
}

export function toFields(tool: ToolDetails): ToolFields {
  const { definition, classification, offered, openTo } = tool;
  const edits: ToolEdits = tool.edits ?? {};
  const original = originalFields(definition);
  const edited = argumentsOf(definition).map((argument) => [
    argument.name,
    toArgumentFields(argument, edits.arguments?.[argument.name] ?? {}),
  ]);
  const { name = original.name, title = original.title, description = original.description, dropped = [] } = edits;
  return {
    ...{ name, title, description, dropped, arguments: Object.fromEntries(edited) },
    ...{ classification: classification ?? "", offered, openTo },
  };
}

/** What is hidden and has a default is sent as if it were pinned to it. */
function toArgumentFields(argument: Argument, edit: ArgumentEdit): ArgumentFields {
  const { hidden, pinned = hidden ? edit.default : undefined, description = argument.description } = edit;
  if (pinned !== undefined) return { use: "pinned", value: writeValue(argument.kind, pinned), description };
  if (hidden) return { use: "hidden", value: "", description };
  return {
    use: "shown",
    value: edit.default === undefined ? "" : writeValue(argument.kind, edit.default),
    description,
  };
}

function writeValue(kind: Kind, value: unknown): string {
  return typeof value === "string" && kind !== "json" ? value : JSON.stringify(value);
}

/** What is different from the original, and a sentence for each field that cannot be read. */
export function toEdits(fields: ToolFields, definition: EditableTool) {
  const original = originalFields(definition);
  const problems: Record<string, string> = {};
  const edited: [string, ArgumentEdit][] = [];
  for (const argument of argumentsOf(definition)) {
    const { edit, problem } = toArgumentEdit(argument, fields.arguments[argument.name]!);
    if (problem) problems[`arguments.${argument.name}`] = problem;
    if (Object.keys(edit).length > 0) edited.push([argument.name, edit]);
  }
  const edits: ToolEdits = {
    ...changed("name", fields.name, original.name),
    ...changed("title", fields.title, original.title),
    ...changed("description", fields.description, original.description),
    ...(edited.length > 0 ? { arguments: Object.fromEntries(edited) } : {}),
    ...(fields.dropped.length > 0 ? { dropped: fields.dropped } : {}),
  };
  return { edits: Object.keys(edits).length > 0 ? edits : null, problems };
}

/** A text that was emptied is the original's again. */
function changed<Name extends string>(name: Name, text: string, original: string): { [member in Name]?: string } {
  const trimmed = text.trim();
  return (trimmed === "" || trimmed === original.trim() ? {} : { [name]: trimmed }) as { [member in Name]?: string };
}

function toArgumentEdit(argument: Argument, fields: ArgumentFields): { edit: ArgumentEdit; problem?: string } {
  const { use, value } = fields;
  const description = changed("description", fields.description, argument.description);
  if (use === "hidden") return { edit: { hidden: true } };
  if (value === "" && use === "shown") return { edit: description };
  const read = readValue(argument.kind, value);
  if (read === undefined) return { edit: {}, problem: EXPECTED[argument.kind] ?? "Give it a value" };
  return { edit: use === "pinned" ? { pinned: read } : { ...description, default: read } };
}

const EXPECTED: Partial<Record<Kind, string>> = {
  number: "Give it a number",
  boolean: "Choose one",
  choice: "Choose one",
  json: 'Write it as JSON, such as ["a", "b"]',
};

/** `undefined` where the text is no such value. */
function readValue(kind: Kind, text: string): ArgumentEdit["pinned"] {
  if (kind === "text" || (kind === "choice" && text !== "")) return text;
  if (text.trim() === "") return undefined;
  try {
    const value = JSON.parse(text);
    return kind === "number" && typeof value !== "number" ? undefined : value;
  } catch {
    return kind === "any" ? text : undefined;
  }
}
