import type { EditableTool } from "@gatehouse/connectors/choice/edits";

type Schema = Record<string, unknown>;

/** How a value of an argument is typed in. */
export type Kind = "text" | "number" | "boolean" | "choice" | "json" | "any";

export interface Argument {
  name: string;
  kind: Kind;
  /** In words. */
  type: string;
  /** Where it is a choice. */
  choices: string[];
  isRequired: boolean;
  description: string;
  default: unknown;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is required comes first. */
export function argumentsOf({ inputSchema }: EditableTool): Argument[] {
  if (!isSchema(inputSchema) || !isSchema(inputSchema.properties)) return [];
  const required = new Set(Array.isArray(inputSchema.required) ? inputSchema.required : []);
  const found = Object.entries(inputSchema.properties).map(([name, value]) => {
    const schema = resolve(value, inputSchema.$defs);
    const description = typeof schema.description === "string" ? schema.description : "";
    return { name, ...typeOf(schema), isRequired: required.has(name), description, default: schema.default };
  });
  return found.sort((one, other) => Number(other.isRequired) - Number(one.isRequired));
}

const TYPES: Record<string, { kind: Kind; type: string }> = {
  string: { kind: "text", type: "text" },
  integer: { kind: "number", type: "whole number" },
  number: { kind: "number", type: "number" },
  boolean: { kind: "boolean", type: "yes or no" },
  array: { kind: "json", type: "list" },
  object: { kind: "json", type: "object" },
};

function typeOf(schema: Schema): Pick<Argument, "kind" | "type" | "choices"> {
  const choices = Array.isArray(schema.enum) ? schema.enum.filter((one) => one !== null) : [];
  if (choices.length > 0 && choices.every((one) => typeof one === "string")) {
    return { kind: "choice", type: `one of ${choices.length}`, choices };
  }
  const types = [schema.type].flat().filter((type) => type !== undefined && type !== "null");
  const known = types.length === 1 ? TYPES[String(types[0])] : undefined;
  return { ...(known ?? { kind: "any", type: types.length > 1 ? types.join(" or ") : "anything" }), choices: [] };
}

/** A part of a schema; what it refers to where it refers to a definition, with what it says besides. */
function resolve(value: unknown, definitions: unknown): Schema {
  if (!isSchema(value)) return {};
  const { $ref, ...besides } = value;
  const target = typeof $ref === "string" && isSchema(definitions) ? definitions[$ref.replace("#/$defs/", "")] : null;
  return isSchema(target) ? { ...target, ...besides } : value;
}

const DEPTH_MAX = 4;
const PATHS_MAX = 300;

/** The members of a tool's answers, at every depth, as paths: `customer.notes`. Lists are walked through. */
export function answerPaths({ outputSchema }: EditableTool): string[] {
  if (!isSchema(outputSchema)) return [];
  return [...new Set(pathsIn(outputSchema, outputSchema.$defs, "", 0))].slice(0, PATHS_MAX);
}

function pathsIn(part: unknown, definitions: unknown, prefix: string, depth: number): string[] {
  if (depth > DEPTH_MAX) return [];
  const schema = resolve(part, definitions);
  const within = (inner: unknown) => pathsIn(inner, definitions, prefix, depth + 1);
  const branches = [schema.allOf, schema.anyOf, schema.oneOf].flat().filter(isSchema);
  const properties = isSchema(schema.properties) ? Object.entries(schema.properties) : [];
  return [
    ...properties.map(([name]) => prefix + name),
    ...properties.flatMap(([name, member]) => pathsIn(member, definitions, `${prefix}${name}.`, depth + 1)),
    ...[...branches, schema.items].flatMap(within),
  ];
}
