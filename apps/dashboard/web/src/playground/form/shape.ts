export type Schema = Record<string, unknown>;

/** How a value is asked for. What cannot be asked for otherwise is written as JSON. */
export type Shape =
  | { kind: "text"; isLong: boolean }
  | { kind: "number" }
  | { kind: "boolean" }
  | { kind: "choice"; options: { label: string; value: unknown }[] }
  | { kind: "object"; fields: Field[] }
  | { kind: "list"; item: unknown }
  | { kind: "either"; variants: { label: string; schema: Schema }[] }
  | { kind: "json" };

export interface Field {
  name: string;
  schema: unknown;
  isRequired: boolean;
}

const LONG_TEXT = 200;

export const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const listIn = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** With what it refers to, and what all of its parts ask for together. `root` is where references lead. */
export function resolve(value: unknown, root: Schema, hops = 0): Schema {
  if (!isSchema(value) || hops > 10) return {};
  const { $ref, allOf, ...own } = value;
  const parts = [...($ref === undefined ? [] : [at($ref, root)]), ...listIn(allOf)];
  return parts.map((part) => resolve(part, root, hops + 1)).reduce(merge, own);
}

/** `#/$defs/address` */
function at(reference: unknown, root: Schema): unknown {
  if (typeof reference !== "string" || !reference.startsWith("#")) return undefined;
  const steps = reference.split("/").slice(1);
  return steps.reduce<unknown>((within, step) => (isSchema(within) ? within[unescaped(step)] : undefined), root);
}

const unescaped = (step: string) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");

function merge(one: Schema, other: Schema): Schema {
  const properties = { ...(other.properties as object), ...(one.properties as object) };
  const required = [...listIn(one.required), ...listIn(other.required)];
  return { ...other, ...one, ...(Object.keys(properties).length > 0 ? { properties } : {}), required };
}

/** Of a schema that is resolved. */
export function shapeOf(schema: Schema, root: Schema): Shape {
  const options = optionsOf(schema);
  if (options) return { kind: "choice", options };
  const variants = variantsOf(schema, root);
  if (variants.length > 1) return { kind: "either", variants };
  if (variants.length === 1) return shapeOf(variants[0]!.schema, root);
  const types = [schema.type].flat().filter((type) => type !== undefined && type !== "null");
  const type = types.length === 1 ? types[0] : undefined;
  if (isSchema(schema.properties) && (type === undefined || type === "object")) return objectOf(schema);
  if (type === "string") return { kind: "text", isLong: Number(schema.maxLength) > LONG_TEXT };
  if (type === "integer" || type === "number") return { kind: "number" };
  if (type === "boolean") return { kind: "boolean" };
  if (type === "array" && isSchema(schema.items)) return { kind: "list", item: schema.items };
  return { kind: "json" };
}

/** What is required comes first. */
function objectOf({ properties, required }: Schema): Shape {
  const names = new Set(listIn(required));
  const fields = Object.entries(properties as object).map(([name, schema]) => ({
    ...{ name, schema },
    isRequired: names.has(name),
  }));
  return { kind: "object", fields: fields.sort((one, other) => Number(other.isRequired) - Number(one.isRequired)) };
}

/** `enum`, `const`, and alternatives that are constants, with their titles. */
function optionsOf(schema: Schema) {
  if ("const" in schema) return [{ label: labelOf(schema.const), value: schema.const }];
  const values = listIn(schema.enum);
  const names = listIn(schema.enumNames);
  if (values.length > 0)
    return values.map((value, index) => ({ label: String(names[index] ?? labelOf(value)), value }));
  const parts = [...listIn(schema.oneOf), ...listIn(schema.anyOf)];
  if (parts.length === 0 || !parts.every((part) => isSchema(part) && "const" in part)) return null;
  return (parts as Schema[]).map((part) => ({ label: String(part.title ?? labelOf(part.const)), value: part.const }));
}

const labelOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** Each with what is said beside the alternatives. */
function variantsOf(schema: Schema, root: Schema) {
  const { oneOf, anyOf, ...beside } = schema;
  const parts = [...listIn(oneOf), ...listIn(anyOf)].map((part) => resolve(part, root));
  const others = parts.filter((part) => part.type !== "null" && !isOnlyARule(part));
  return others.map((part, index) => ({ label: nameOf(part, index), schema: merge(part, beside) }));
}

/** Such as which members are required together: it asks for nothing by itself. */
const isOnlyARule = (part: Schema) => Object.keys(part).every((keyword) => keyword === "required" || keyword === "not");

function nameOf(part: Schema, index: number): string {
  if (typeof part.title === "string") return part.title;
  const constants = isSchema(part.properties)
    ? Object.values(part.properties).flatMap((property) =>
        isSchema(property) && "const" in property ? [property.const] : [],
      )
    : [];
  if (constants.length > 0) return constants.map(labelOf).join(", ");
  return typeof part.type === "string" ? part.type : `Alternative ${index + 1}`;
}
