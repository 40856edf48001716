import { isObject, type Json, type JsonObject } from "../openapi/pointer.ts";

/** `customer.notes`, `items.*.raw`: lists are walked through, `*` is any member. */
export type FieldPath = string;

/** The answer without these members. */
export function dropFields(value: Json, paths: readonly FieldPath[]): Json {
  return paths.reduce((kept, path) => drop(kept, path.split(".")), value);
}

function drop(value: Json, [segment, ...rest]: string[]): Json {
  if (Array.isArray(value)) return value.map((item) => drop(item, [segment!, ...rest]));
  if (!isObject(value)) return value;
  const members = Object.entries(value).flatMap(([key, member]): [string, Json][] => {
    if (segment !== "*" && segment !== key) return [[key, member]];
    return rest.length === 0 ? [] : [[key, drop(member, rest)]];
  });
  return Object.fromEntries(members);
}

/** The schema of what `dropFields` leaves. */
export function dropFieldsOfSchema(schema: JsonObject, paths: readonly FieldPath[]): JsonObject {
  return paths.reduce(
    (kept, path) => dropOfSchema(kept, path.split("."), kept.$defs as JsonObject | undefined),
    schema,
  );
}

function dropOfSchema(schema: JsonObject, segments: string[], definitions: JsonObject | undefined): JsonObject {
  const [segment, ...rest] = segments;
  const target = typeof schema.$ref === "string" ? definitions?.[schema.$ref.replace("#/$defs/", "")] : undefined;
  // A definition is shared with places that the path does not lead to: here it is put in.
  const { $ref: _, ...siblings } = schema;
  const here: JsonObject = isObject(target) ? { ...target, ...siblings } : schema;
  const result: JsonObject = { ...here };
  if (isObject(here.items)) result.items = dropOfSchema(here.items, segments, definitions);
  for (const key of ["allOf", "anyOf", "oneOf"]) {
    if (Array.isArray(here[key]))
      result[key] = here[key].map((part) => dropOfSchema(part as JsonObject, segments, definitions));
  }
  if (!isObject(here.properties)) return result;
  const properties = Object.entries(here.properties).flatMap(([name, part]): [string, Json][] => {
    if (segment !== "*" && segment !== name) return [[name, part]];
    return rest.length === 0 ? [] : [[name, dropOfSchema(part as JsonObject, rest, definitions)]];
  });
  return { ...result, properties: Object.fromEntries(properties) };
}
