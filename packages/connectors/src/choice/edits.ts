import { Fault } from "@gatehouse/faults";
import { dropFieldsOfSchema, type FieldPath } from "../http/project.ts";
import { isObject, type Json, type JsonObject } from "../openapi/pointer.ts";

/** An owner's layer over what the upstream or the API's description says of a tool. What is not there stays as it is. */
export interface ToolEdits {
  name?: string;
  title?: string;
  description?: string;
  arguments?: Record<string, ArgumentEdit>;
  /** Members of a JSON answer that are left out. */
  dropped?: FieldPath[];
}

export interface ArgumentEdit {
  /** Not shown, and not taken from a client. */
  hidden?: true;
  /** The value that is always sent; a text may hold facts of the caller, such as `{{member.email}}`. */
  pinned?: Json;
  /** The value that is sent where the client gives none. */
  default?: Json;
  description?: string;
}

/** A tool as a connector has it: `inputSchema` is an object's. */
export interface EditableTool {
  name: string;
  title?: string;
  description?: string;
  inputSchema?: unknown;
  outputSchema?: unknown;
  [member: string]: unknown;
}

export const FACTS = ["member.id", "member.email", "member.name", "member.role", "org.slug", "org.name"] as const;
export type Facts = Record<(typeof FACTS)[number], string>;

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const FACT = /\{\{\s*([\w.]{1,40})\s*\}\}/g;

/** The tool as clients see it. */
export function applyEdits<T extends EditableTool>(tool: T, edits: ToolEdits | null): T {
  if (!edits) return tool;
  const { name = tool.name, title, description, dropped = [] } = edits;
  const outputSchema =
    isObject(tool.outputSchema) && dropped.length > 0 ? dropFieldsOfSchema(tool.outputSchema, dropped) : null;
  return {
    ...tool,
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(isObject(tool.inputSchema) ? { inputSchema: editSchema(tool.inputSchema, edits.arguments ?? {}) } : {}),
    ...(outputSchema ? { outputSchema } : {}),
  };
}

function editSchema(schema: JsonObject, edits: Record<string, ArgumentEdit>): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const shown = Object.entries(properties).filter(([name]) => !isTaken(edits, name));
  const edited = shown.map(([name, property]): [string, Json] => [name, editProperty(property, edits[name])]);
  const required = ([] as Json[])
    .concat(schema.required ?? [])
    .filter((name) => !isTaken(edits, String(name)) && edits[String(name)]?.default === undefined);
  const { required: _, ...rest } = schema;
  return { ...rest, properties: Object.fromEntries(edited), ...(required.length > 0 ? { required } : {}) };
}

const isTaken = (edits: Record<string, ArgumentEdit>, name: string): boolean => {
  const edit = Object.hasOwn(edits, name) ? edits[name] : undefined;
  return edit !== undefined && (edit.hidden === true || edit.pinned !== undefined);
};

function editProperty(property: Json, edit: ArgumentEdit | undefined): Json {
  if (!edit || !isObject(property)) return property;
  const { description, default: value } = edit;
  return {
    ...property,
    ...(description === undefined ? {} : { description }),
    ...(value === undefined ? {} : { default: value }),
  };
}

/** What is sent: the client's arguments, without those that it cannot set, and with what the owner has put in. */
export function fillArguments(
  args: Readonly<Record<string, unknown>>,
  edits: ToolEdits | null,
  facts: Facts,
): Readonly<Record<string, unknown>> {
  if (!edits?.arguments) return args;
  const taken = new Set(
    Object.keys(edits.arguments)
      .filter((name) => isTaken(edits.arguments!, name))
      .map(folded),
  );
  const given = Object.entries(args).filter(([name]) => !taken.has(folded(name)));
  const filled = new Map<string, unknown>(given);
  for (const [name, { pinned, default: value }] of Object.entries(edits.arguments)) {
    if (pinned !== undefined) filled.set(name, fill(pinned, facts));
    else if (value !== undefined && !filled.has(name)) filled.set(name, fill(value, facts));
  }
  return Object.fromEntries(filled);
}

/** Some servers read a name in whatever case it comes, by simple case folding. */
const folded = (name: string) => name.toUpperCase().toLowerCase();

function fill(value: Json, facts: Facts): Json {
  if (typeof value === "string") return value.replace(FACT, (_whole, fact: keyof Facts) => facts[fact] ?? "");
  if (Array.isArray(value)) return value.map((item) => fill(item, facts));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fill(member, facts)]));
}

/** Throws `invalid_fields` for edits that this tool cannot have; the fields are named as in `ToolEdits`. */
export function checkEdits(tool: EditableTool, edits: ToolEdits): void {
  const fields: Record<string, string> = {};
  if (edits.name !== undefined && !TOOL_NAME.test(edits.name)) {
    fields.name = "Use 1 to 64 letters, digits, “_” and “-”";
  }
  const { properties, required } = partsOf(tool);
  for (const [name, edit] of Object.entries(edits.arguments ?? {})) {
    const problem = argumentProblem(edit, Object.hasOwn(properties, name), required.has(name));
    if (problem) fields[`arguments.${name}`] = problem;
  }
  if (Object.keys(fields).length > 0) {
    throw new Fault("invalid_fields", Object.values(fields).join("; "), { data: { fields } });
  }
}

function argumentProblem(edit: ArgumentEdit, isThere: boolean, isRequired: boolean): string | null {
  if (!isThere) return "The tool has no such argument";
  const { pinned, default: value, hidden } = edit;
  if (hidden && isRequired && pinned === undefined && value === undefined) {
    return "The tool requires it: pin it to a value, or give a default, to hide it";
  }
  const unknown = [...factsIn(pinned), ...factsIn(value)].find((fact) => !(FACTS as readonly string[]).includes(fact));
  return unknown === undefined ? null : `{{${unknown}}} is no fact of the caller: there are ${FACTS.join(", ")}`;
}

function factsIn(value: Json | undefined): string[] {
  return value === undefined ? [] : [...JSON.stringify(value).matchAll(FACT)].map(([, fact]) => fact!);
}

function partsOf({ inputSchema }: EditableTool): { properties: JsonObject; required: Set<string> } {
  const schema = isObject(inputSchema) ? inputSchema : {};
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  return { properties: isObject(schema.properties) ? schema.properties : {}, required: new Set(required) };
}

/** What of the edits has nothing left to change, in the words of the owner who made them. */
export function missedEdits(tool: EditableTool, edits: ToolEdits): string[] {
  const { properties } = partsOf(tool);
  const gone = Object.keys(edits.arguments ?? {}).filter((name) => !Object.hasOwn(properties, name));
  return gone.map((name) => `The argument ${name}, which was edited, is no longer there`);
}
