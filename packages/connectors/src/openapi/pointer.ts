import { Fault } from "@gatehouse/faults";

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [member: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON Pointer as a URI fragment, such as `#/paths/~1pets/get` (RFC 6901 §6). */
export function pointerTo(...segments: string[]): string {
  return `#${segments.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")}`;
}

export function segmentsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => unescapeSegment(segment));
}

function unescapeSegment(segment: string): string {
  const text = /%[0-9a-f]{2}/i.test(segment) ? decodeLeniently(segment) : segment;
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}

function decodeLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a pointer of the document leads to; `undefined` where it leads nowhere. Own members only. */
export function at(document: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = document;
  for (const segment of segmentsOf(pointer)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as JsonObject)[segment];
  }
  return value;
}

const HOPS_MAX = 32;

/** A value of the document, and where it stands: past the references that led to it. */
export interface Located {
  value: JsonObject;
  pointer: string;
}

/**
 * Follows `$ref` until something else is there. Throws `invalid_params` for one that leads nowhere, outside of the
 * document, or in a circle.
 */
export function follow(document: JsonObject, { value, pointer }: { value: unknown; pointer: string }): Located {
  let here: unknown = value;
  let where = pointer;
  for (let hops = 0; hops < HOPS_MAX; hops++) {
    if (!isObject(here)) throw new Fault("invalid_params", `There should be an object at ${where}`);
    if (typeof here.$ref !== "string") return { value: here, pointer: where };
    if (!here.$ref.startsWith("#")) {
      throw new Fault("invalid_params", `${here.$ref} leads out of the description, and is not followed`);
    }
    where = here.$ref;
    here = at(document, where);
    if (here === undefined) throw new Fault("invalid_params", `${where} leads nowhere`);
  }
  throw new Fault("invalid_params", `${pointer} is a circle of references`);
}
