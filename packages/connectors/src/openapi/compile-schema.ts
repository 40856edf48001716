import { RE2JS } from "re2js";
import { at, isObject, type Json, type JsonObject, pointerTo } from "./pointer.ts";
import { plain, wordsOf } from "./words.ts";

/** What of a schema could not be taken over, and where. */
export type Note = (pointer: string, problem: string) => void;

export interface Source {
  document: JsonObject;
  version: "2.0" | "3.0" | "3.1";
  note: Note;
}

export interface SchemaCompiler {
  /** The schema at `pointer`, with its references as `#/$defs/…`; they hold once `finish` has been asked. */
  compile(schema: Json | undefined, pointer: string): JsonObject;
  /** A compiled schema with what it refers to in its place, one level deep. */
  expand(schema: JsonObject): JsonObject;
  /** Puts in what is referred to once, and adds the rest as `$defs`. */
  finish(root: JsonObject): JsonObject;
}

const NODES_MAX = 4000;
const DESCRIPTION_CHARACTERS_MAX = { request: 300, response: 120 };
const EXAMPLE_CHARACTERS_MAX = 120;
const ENUM_VALUES_MAX = 250;
/** How deep `allOf` of `allOf` is put together. */
const MERGED_MAX = 20;
const TYPES = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);
const NUMBERS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const COUNTS = [
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "minContains",
  "maxContains",
];
const SUBSCHEMAS = ["not", "if", "then", "else", "contains", "propertyNames"];
/** An object that has nothing but these is merged with others of its kind. */
const MERGEABLE =
  /^(type|properties|required|description|title|example|examples|default|discriminator|xml|externalDocs|deprecated|x-.*)$/;

/**
 * Schemas of an OpenAPI description as JSON Schema 2020-12, self-contained and compact. Of a response nothing is kept but
 * its shape: what an API answers is seldom held to the rest, and a client refuses an answer that breaks its schema.
 */
export function openSchemaCompiler(source: Source, direction: "request" | "response"): SchemaCompiler {
  const { document, version, note } = source;
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const definitions = new Map<string, JsonObject>();
  const pending: { name: string; target: string }[] = [];
  const isRequest = direction === "request";
  let nodes = 0;

  function convert(schema: Json | undefined, pointer: string, merging: readonly string[] = []): JsonObject {
    if (++nodes > NODES_MAX) {
      if (nodes === NODES_MAX + 1) note(pointer, "the schema is too large: from here on, anything is let through");
      return {};
    }
    if (schema === undefined || schema === true) return {};
    if (schema === false) return { not: {} };
    if (!isObject(schema)) {
      note(pointer, "there should be a schema here");
      return {};
    }
    if (typeof schema.$ref === "string") return refer(schema, pointer, merging);
    const alone = withoutCombinators(schema, pointer);
    return combine(alone, schema, pointer, merging);
  }

  function refer(schema: JsonObject, pointer: string, merging: readonly string[]): JsonObject {
    const target = schema.$ref as string;
    const description = describe(schema);
    if (!target.startsWith("#")) {
      note(pointer, `${target} leads out of the description, and is not followed: anything is let through`);
      return description;
    }
    if (at(document, target) === undefined) {
      note(pointer, `${target} leads nowhere: anything is let through`);
      return description;
    }
    const { $ref: _, ...siblings } = schema;
    const reference = { $ref: `#/$defs/${define(target)}`, ...description };
    if (version !== "3.1" || Object.keys(siblings).every((key) => key === "description" || key === "summary")) {
      return reference;
    }
    return { ...convert(siblings, pointer, merging), ...reference };
  }

  /** What is referred to is converted when its turn comes, however long the chain of references. */
  function define(target: string): string {
    const known = names.get(target);
    if (known) return known;
    const name = nameDefinition(target, taken);
    taken.add(name);
    names.set(target, name);
    pending.push({ name, target });
    return name;
  }

  function compile(schema: Json | undefined, pointer: string): JsonObject {
    const compiled = convert(schema, pointer);
    for (let next = pending.pop(); next; next = pending.pop()) {
      definitions.set(next.name, convert(at(document, next.target), next.target));
    }
    return compiled;
  }

  function withoutCombinators(schema: JsonObject, pointer: string): JsonObject {
    const result: JsonObject = { ...typeOf(schema, pointer) };
    Object.assign(result, describe(schema));
    if (isRequest) Object.assign(result, constraints(schema, pointer));
    Object.assign(result, members(schema, pointer), elements(schema, pointer));
    return result;
  }

  function typeOf(schema: JsonObject, pointer: string): JsonObject {
    const said = ([] as Json[]).concat(schema.type ?? []).map((type) => (type === "file" ? "string" : type));
    const types = said.filter((type): type is string => typeof type === "string" && TYPES.has(type));
    if (types.length < said.length) note(pointer, `its type “${JSON.stringify(schema.type)}” is none of JSON's`);
    if (types.length === 0) return {};
    const mayBeNull = schema.nullable === true || schema["x-nullable"] === true || !isRequest;
    if (mayBeNull && !types.includes("null")) types.push("null");
    return { type: types.length === 1 ? types[0]! : types };
  }

  function describe(schema: JsonObject): JsonObject {
    const description = plain(schema.description, DESCRIPTION_CHARACTERS_MAX[direction]);
    return description ? { description } : {};
  }

  function constraints(schema: JsonObject, pointer: string): JsonObject {
    const result: JsonObject = {};
    for (const key of NUMBERS) if (typeof schema[key] === "number") result[key] = schema[key];
    for (const key of COUNTS)
      if (Number.isInteger(schema[key]) && (schema[key] as number) >= 0) result[key] = schema[key]!;
    if ((result.multipleOf as number) <= 0) delete result.multipleOf;
    exclusive(schema, result);
    if (schema.uniqueItems === true) result.uniqueItems = true;
    if (schema.deprecated === true) result.deprecated = true;
    if (typeof schema.format === "string" && schema.format.length <= 40) result.format = schema.format;
    if (schema.const !== undefined) result.const = schema.const;
    Object.assign(result, pattern(schema, pointer), values(schema, pointer), samples(schema));
    return result;
  }

  /** OpenAPI 3.0 and before: a boolean beside `minimum` or `maximum`. */
  function exclusive(schema: JsonObject, result: JsonObject): void {
    for (const [bound, flag] of [
      ["minimum", "exclusiveMinimum"],
      ["maximum", "exclusiveMaximum"],
    ] as const) {
      if (schema[flag] !== true || typeof schema[bound] !== "number") continue;
      result[flag] = schema[bound];
      delete result[bound];
    }
  }

  function pattern(schema: JsonObject, pointer: string): JsonObject {
    if (typeof schema.pattern !== "string") return {};
    if (isLinear(schema.pattern)) return { pattern: schema.pattern };
    note(pointer, "its pattern is no regular expression that can be checked in bounded time, and is left out");
    return {};
  }

  function values(schema: JsonObject, pointer: string): JsonObject {
    if (!Array.isArray(schema.enum) || schema.enum.length === 0) return {};
    if (schema.enum.length > ENUM_VALUES_MAX) {
      note(pointer, `its enum of ${schema.enum.length} values is left out`);
      return {};
    }
    const distinct = [...new Map(schema.enum.map((value) => [JSON.stringify(value), value])).values()];
    const mayBeNull = schema.nullable === true && !distinct.includes(null);
    return { enum: mayBeNull ? [...distinct, null] : distinct };
  }

  function samples(schema: JsonObject): JsonObject {
    const result: JsonObject = {};
    if (schema.default !== undefined && isShort(schema.default)) result.default = schema.default;
    const example = schema.example ?? (Array.isArray(schema.examples) ? schema.examples[0] : undefined);
    if (example !== undefined && isShort(example)) result.examples = [example];
    return result;
  }

  function members(schema: JsonObject, pointer: string): JsonObject {
    const result: JsonObject = {};
    const dropped = new Set<string>();
    if (isObject(schema.properties)) {
      const properties: [string, JsonObject][] = [];
      for (const [name, property] of Object.entries(schema.properties)) {
        if (isHidden(property)) dropped.add(name);
        else properties.push([name, convert(property, `${pointer}/properties${pointerTo(name).slice(1)}`)]);
      }
      result.properties = Object.fromEntries(properties);
      if (schema.type === undefined && !result.type) result.type = isRequest ? "object" : ["object", "null"];
    }
    if (isRequest && Array.isArray(schema.required)) {
      const required = schema.required.filter((name) => typeof name === "string" && !dropped.has(name));
      if (required.length > 0) result.required = [...new Set(required)];
    }
    return Object.assign(result, otherMembers(schema, pointer));
  }

  function otherMembers(schema: JsonObject, pointer: string): JsonObject {
    const result: JsonObject = {};
    const { additionalProperties, patternProperties, dependentRequired } = schema;
    if (additionalProperties === false && isRequest) result.additionalProperties = false;
    if (isObject(additionalProperties) && Object.keys(additionalProperties).length > 0) {
      result.additionalProperties = convert(additionalProperties, `${pointer}/additionalProperties`);
    }
    if (!isRequest) return result;
    if (isObject(patternProperties)) {
      const sound = Object.entries(patternProperties).filter(([key]) => isLinear(key));
      result.patternProperties = Object.fromEntries(
        sound.map(([key, value]) => [key, convert(value, `${pointer}/patternProperties${pointerTo(key).slice(1)}`)]),
      );
      if (result.additionalProperties === false && sound.length < Object.keys(patternProperties).length) {
        delete result.additionalProperties;
      }
    }
    if (isObject(dependentRequired) && Object.values(dependentRequired).every(isStrings)) {
      result.dependentRequired = dependentRequired;
    }
    for (const key of SUBSCHEMAS) {
      if (isObject(schema[key])) result[key] = convert(schema[key], `${pointer}/${key}`);
    }
    return result;
  }

  function isHidden(property: Json | undefined): boolean {
    return isObject(property) && (isRequest ? property.readOnly === true : property.writeOnly === true);
  }

  function elements(schema: JsonObject, pointer: string): JsonObject {
    const { items, prefixItems } = schema;
    const result: JsonObject = {};
    const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : [];
    if (tuple.length > 0) {
      result.prefixItems = tuple.map((item, index) => convert(item, `${pointer}/items/${index}`));
    }
    if (isObject(items) && Object.keys(items).length > 0) result.items = convert(items, `${pointer}/items`);
    return result;
  }

  function combine(alone: JsonObject, schema: JsonObject, pointer: string, merging: readonly string[]): JsonObject {
    let result = alone;
    if (Array.isArray(schema.allOf)) result = all(result, schema.allOf, `${pointer}/allOf`, merging);
    for (const key of ["oneOf", "anyOf"] as const) {
      const branches = schema[key];
      if (!Array.isArray(branches) || branches.length === 0) continue;
      const converted = branches.map((branch, index) => convert(branch, `${pointer}/${key}/${index}`));
      const marked = isRequest ? discriminate(schema, branches, converted) : converted;
      if (marked.length === 1) result = merge(result, marked[0]!) ?? { ...result, allOf: marked };
      else result = { ...result, [isRequest ? key : "anyOf"]: marked };
    }
    if (schema.nullable === true && schema.type === undefined && isRequest && Object.keys(result).length > 0) {
      const { description, ...rest } = result;
      return { ...(description ? { description } : {}), anyOf: [rest, { type: "null" }] };
    }
    return result;
  }

  /** Plain objects become one object; whatever else there is stays an `allOf`. */
  function all(alone: JsonObject, branches: Json[], pointer: string, merging: readonly string[]): JsonObject {
    let result = alone;
    const rest: JsonObject[] = [];
    branches.forEach((branch, index) => {
      const converted = convertToMerge(branch, `${pointer}/${index}`, merging);
      const merged = merge(result, converted);
      if (merged) result = merged;
      else rest.push(converted);
    });
    return rest.length === 0 ? result : { ...result, allOf: rest };
  }

  /** What a branch refers to is put in its place if it is a plain object, so that one is read and not a chain of them. */
  function convertToMerge(branch: Json, pointer: string, merging: readonly string[]): JsonObject {
    if (
      !isObject(branch) ||
      typeof branch.$ref !== "string" ||
      merging.includes(branch.$ref) ||
      merging.length === MERGED_MAX
    ) {
      return convert(branch, pointer, merging);
    }
    const target = at(document, branch.$ref);
    const isPlain = isObject(target) && Object.keys(target).every((key) => MERGEABLE.test(key) || key === "allOf");
    return isPlain ? convert(target, branch.$ref, [...merging, branch.$ref]) : convert(branch, pointer, merging);
  }

  /** OpenAPI's `discriminator`: the member that says which of the branches it is, as a constant in each of them. */
  function discriminate(schema: JsonObject, branches: Json[], converted: JsonObject[]): JsonObject[] {
    const { discriminator } = schema;
    if (!isObject(discriminator) || typeof discriminator.propertyName !== "string") return converted;
    const name = discriminator.propertyName;
    const mapping = isObject(discriminator.mapping) ? discriminator.mapping : {};
    return converted.map((branch, index) => {
      const { $ref } = branches[index] as { $ref?: string };
      if (typeof $ref !== "string") return branch;
      const last = $ref.split("/").at(-1)!;
      const values = Object.keys(mapping).filter((key) => mapping[key] === $ref || mapping[key] === last);
      const value = values.length > 1 ? { enum: values } : { const: values[0] ?? last };
      return { allOf: [branch, { properties: { [name]: value }, required: [name] }] };
    });
  }

  function expand(schema: JsonObject): JsonObject {
    const name = referredName(schema);
    if (name === null) return schema;
    const { $ref: _, ...siblings } = schema;
    return expand({ ...definitions.get(name)!, ...siblings });
  }

  return { compile, expand, finish: (root) => inline(root, definitions) };
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** RE2 has no expression whose time is not linear, nor any that needs one. */
function isLinear(expression: string): boolean {
  if (expression.length > 500) return false;
  try {
    RE2JS.compile(expression);
    return true;
  } catch {
    return false;
  }
}

function isShort(value: Json): boolean {
  return JSON.stringify(value).length <= EXAMPLE_CHARACTERS_MAX;
}

function nameDefinition(target: string, taken: Set<string>): string {
  const last = target.split("/").findLast((segment) => /[a-z]/i.test(segment)) ?? "Part";
  const base = wordsOf(last).join("_").slice(0, 40) || "part";
  for (let suffix = 1; ; suffix++) {
    const name = suffix === 1 ? base : `${base}_${suffix}`;
    if (!taken.has(name)) return name;
  }
}

const PLAIN = new Set(["type", "properties", "required", "description", "examples", "default", "deprecated"]);

/** One object that says what both say; `null` where that takes more than putting their members together. */
function merge(one: JsonObject, other: JsonObject): JsonObject | null {
  if (Object.keys(one).length === 0) return other;
  if (Object.keys(other).length === 0) return one;
  const onlyDescribed = Object.keys(one).every((key) => key === "description");
  if (onlyDescribed) return { ...other, ...one };
  const mergeable = [one, other].every((schema) => Object.keys(schema).every((key) => PLAIN.has(key)));
  if (!mergeable || !isObjectSchema(one) || !isObjectSchema(other)) return null;
  const mine = one.properties as JsonObject | undefined;
  const theirs = other.properties as JsonObject | undefined;
  const clash = Object.keys(theirs ?? {}).some(
    (name) => mine && Object.hasOwn(mine, name) && JSON.stringify(mine[name]) !== JSON.stringify(theirs![name]),
  );
  if (clash) return null;
  const required = [...new Set([...((one.required as string[]) ?? []), ...((other.required as string[]) ?? [])])];
  return {
    ...other,
    ...one,
    ...(mine || theirs ? { properties: { ...mine, ...theirs } } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

function isObjectSchema({ type }: JsonObject): boolean {
  return type === undefined || ([] as Json[]).concat(type).includes("object");
}

const REFERENCE = "#/$defs/";

/** Only what is used twice, or within itself, stays a definition. */
function inline(root: JsonObject, definitions: Map<string, JsonObject>): JsonObject {
  const uses = countUses(root, definitions);
  const isPutIn = new Map(
    [...uses].map(([name, count]) => {
      const isSmall = count === 1 || isTiny(definitions.get(name)!);
      return [name, isSmall && !reaches(name, name, definitions)];
    }),
  );

  function put(schema: JsonObject): JsonObject {
    const name = referredName(schema);
    if (name === null || !isPutIn.get(name)) return mapParts(schema, put);
    const { $ref: _, ...siblings } = schema;
    return put({ ...definitions.get(name)!, ...siblings });
  }

  const result = put(root);
  const kept = [...uses.keys()].filter((name) => !isPutIn.get(name));
  if (kept.length === 0) return result;
  return { ...result, $defs: Object.fromEntries(kept.map((name) => [name, put(definitions.get(name)!)])) };
}

function isTiny(definition: JsonObject): boolean {
  return JSON.stringify(definition).length <= 60 && referencesIn(definition).length === 0;
}

function referredName({ $ref }: JsonObject): string | null {
  return typeof $ref === "string" && $ref.startsWith(REFERENCE) ? $ref.slice(REFERENCE.length) : null;
}

/** How often each definition is referred to, by what the root can reach. */
function countUses(root: JsonObject, definitions: Map<string, JsonObject>): Map<string, number> {
  const uses = new Map<string, number>();
  const pending = [root];
  for (let next = pending.pop(); next; next = pending.pop()) {
    for (const name of referencesIn(next)) {
      uses.set(name, (uses.get(name) ?? 0) + 1);
      if (uses.get(name) === 1) pending.push(definitions.get(name)!);
    }
  }
  return uses;
}

function reaches(from: string, to: string, definitions: Map<string, JsonObject>): boolean {
  const seen = new Set<string>();
  const pending = [from];
  for (let next = pending.pop(); next; next = pending.pop()) {
    for (const name of referencesIn(definitions.get(next)!)) {
      if (name === to) return true;
      if (seen.has(name)) continue;
      seen.add(name);
      pending.push(name);
    }
  }
  return false;
}

function referencesIn(schema: JsonObject): string[] {
  const names: string[] = [];
  function visit(part: JsonObject): JsonObject {
    const name = referredName(part);
    if (name !== null) names.push(name);
    return mapParts(part, visit);
  }
  visit(schema);
  return names;
}

const ONE = new Set(["items", "additionalProperties", ...SUBSCHEMAS]);
const SEVERAL = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const NAMED = new Set(["properties", "patternProperties"]);

/** The schema with each of the schemas right below it changed. What is called like a keyword but is data stays. */
export function mapParts(schema: JsonObject, change: (part: JsonObject) => JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (ONE.has(key) && isObject(value)) result[key] = change(value);
    else if (SEVERAL.has(key)) result[key] = (value as JsonObject[]).map(change);
    else if (NAMED.has(key)) {
      const parts = Object.entries(value as JsonObject).map(([name, part]) => [name, change(part as JsonObject)]);
      result[key] = Object.fromEntries(parts);
    } else result[key] = value;
  }
  return result;
}
