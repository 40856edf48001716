import { resolve, type Schema, shapeOf } from "./shape.ts";

/**
 * A value as far as it has been typed in; `undefined` is left out. Texts, numbers and JSON are strings, choices the place of
 * the option, objects and lists are of drafts.
 */
export type Draft = undefined | string | boolean | number | Draft[] | { [name: string]: Draft } | Either;

/** Which of several, and its draft. */
export interface Either {
  at: number;
  of: Draft;
}

/** A sentence for each field that needs attention, by its path. */
export type Problems = Record<string, string>;

/** What a form begins with: defaults, and the frame of what is required. */
export function firstDraft(part: unknown, root: Schema, isRequired: boolean): Draft {
  const schema = resolve(part, root);
  if (schema.default !== undefined) return draftOf(schema, root, schema.default);
  const shape = shapeOf(schema, root);
  if (!isRequired) return undefined;
  switch (shape.kind) {
    case "object":
      return Object.fromEntries(
        shape.fields.map((field) => [field.name, firstDraft(field.schema, root, field.isRequired)]),
      );
    case "list":
      return [];
    case "either":
      return { at: 0, of: firstDraft(shape.variants[0]!.schema, root, true) };
    case "choice":
      return shape.options.length === 1 ? 0 : undefined;
    default:
      return undefined;
  }
}

/** The draft that comes to this value. */
export function draftOf(part: unknown, root: Schema, value: unknown): Draft {
  if (value === undefined) return undefined;
  const schema = resolve(part, root);
  const shape = shapeOf(schema, root);
  switch (shape.kind) {
    case "text":
      return typeof value === "string" ? value : JSON.stringify(value);
    case "number":
      return String(value);
    case "boolean":
      return value === true;
    case "choice": {
      const at = shape.options.findIndex((option) => JSON.stringify(option.value) === JSON.stringify(value));
      return at === -1 ? undefined : at;
    }
    case "object": {
      const members = typeof value === "object" && value !== null ? (value as Schema) : {};
      return Object.fromEntries(shape.fields.map(({ name, schema }) => [name, draftOf(schema, root, members[name])]));
    }
    case "list":
      return Array.isArray(value) ? value.map((item) => draftOf(shape.item, root, item)) : [];
    case "either": {
      const at = Math.max(
        0,
        shape.variants.findIndex(({ schema }) => mayBe(schema, value)),
      );
      return { at, of: draftOf(shape.variants[at]!.schema, root, value) };
    }
    case "json":
      return JSON.stringify(value, null, 2);
  }
}

function mayBe({ type, properties }: Schema, value: unknown): boolean {
  const actual = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  const isType = type === undefined || type === actual || (type === "integer" && actual === "number");
  if (!isType || actual !== "object") return isType;
  const members = Object.entries((properties ?? {}) as Record<string, Schema>);
  return members.every(([name, member]) => !("const" in member) || member.const === (value as Schema)[name]);
}

interface Place {
  root: Schema;
  path: string;
  isRequired: boolean;
  problems: Problems;
}

/** What has been typed in, as JSON; `undefined` is left out. What cannot be read is noted in `problems`. */
export function typedValue(part: unknown, draft: Draft, place: Place): unknown {
  const { root, path, isRequired, problems } = place;
  const schema = resolve(part, root);
  const shape = shapeOf(schema, root);
  if (draft === undefined || draft === "") {
    if (isRequired)
      problems[path] = shape.kind === "choice" || shape.kind === "boolean" ? "Choose one" : "Fill this in";
    return undefined;
  }
  switch (shape.kind) {
    case "text":
    case "boolean":
      return draft;
    case "number":
      return numberIn(draft as string, schema, place);
    case "choice":
      return shape.options[draft as number]?.value;
    case "object":
      return Object.fromEntries(
        shape.fields
          .map(({ name, ...field }) => [
            name,
            memberOf(field, (draft as { [name: string]: Draft })[name], within(place, name)),
          ])
          .filter(([, value]) => value !== undefined),
      );
    case "list":
      return (draft as Draft[]).map((item, index) =>
        typedValue(shape.item, item, { ...within(place, String(index)), isRequired: true }),
      );
    case "either": {
      const { at, of } = draft as Either;
      return typedValue(shape.variants[at]!.schema, of, { ...place, isRequired: true });
    }
    case "json":
      return jsonIn(draft as string, place);
  }
}

const memberOf = ({ schema, isRequired }: { schema: unknown; isRequired: boolean }, draft: Draft, place: Place) =>
  typedValue(schema, draft, { ...place, isRequired });

function within(place: Place, name: string): Place {
  return { ...place, path: place.path === "" ? name : `${place.path}.${name}` };
}

function numberIn(text: string, { type }: Schema, { path, problems }: Place): number | undefined {
  const value = Number(text);
  if (Number.isFinite(value) && (type !== "integer" || Number.isInteger(value))) return value;
  problems[path] = type === "integer" ? "Give it a whole number" : "Give it a number";
  return undefined;
}

export function jsonIn(text: string, { path, problems }: Pick<Place, "path" | "problems">): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    problems[path] = `This is no JSON: ${(error as Error).message}`;
    return undefined;
  }
}
