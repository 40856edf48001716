import { Fault } from "@gatehouse/faults";
import type { ParameterStyle } from "./binding.ts";

type Primitive = string | number | boolean | null;

/** Nothing of RFC 3986's reserved characters is left, so that a value stays the value that it is. */
function encode(value: unknown): string {
  return encodeURIComponent(textOf(value)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Lists and objects below those that a style can write are written as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value as Primitive);
}

const entriesOf = (value: object) => Object.entries(value).filter(([, member]) => member !== undefined);

/** A path segment's part (OpenAPI 3.1 §4.8.12.3: `simple`, `label`, `matrix`). */
export function serializeInPath(name: string, value: unknown, style: ParameterStyle, explode: boolean): string {
  if (style === "json") return encode(JSON.stringify(value));
  if (style === "label") return `.${joinItems(value, explode ? "." : ",", explode, encode)}`;
  if (style === "matrix") return matrix(name, value, explode);
  return joinItems(value, ",", explode, encode);
}

function matrix(name: string, value: unknown, explode: boolean): string {
  if (Array.isArray(value) && explode) return value.map((item) => `;${encode(name)}=${encode(item)}`).join("");
  if (typeof value === "object" && value !== null && !Array.isArray(value) && explode) {
    return entriesOf(value)
      .map(([key, member]) => `;${encode(key)}=${encode(member)}`)
      .join("");
  }
  return `;${encode(name)}=${joinItems(value, ",", false, encode)}`;
}

/** `a,b` of a list, `k,v` of an object, or `k=v` where it is exploded. */
function joinItems(value: unknown, separator: string, explode: boolean, write: (item: unknown) => string): string {
  if (Array.isArray(value)) return value.map(write).join(separator);
  if (typeof value !== "object" || value === null) return write(value);
  return entriesOf(value)
    .map(([key, member]) => `${write(key)}${explode ? "=" : separator}${write(member)}`)
    .join(separator);
}

/** A header's value (`simple`). Throws `invalid_params` for what a header cannot carry. */
export function serializeInHeader(name: string, value: unknown, style: ParameterStyle, explode: boolean): string {
  const text = style === "json" ? JSON.stringify(value) : joinItems(value, ",", explode, textOf);
  if (/^[\x20-\x7e\t]*$/.test(text)) return text.trim();
  throw new Fault("invalid_params", `The argument ${name} becomes a header, which carries plain ASCII only`);
}

/** `name=value` pairs of a query or a form, encoded. */
export function serializePairs(name: string, value: unknown, style: ParameterStyle, explode: boolean): string[] {
  const key = encode(name);
  if (style === "json") return [`${key}=${encode(JSON.stringify(value))}`];
  if (Array.isArray(value)) return pairsOfList(key, value, style, explode);
  if (typeof value !== "object" || value === null) return [`${key}=${encode(value)}`];
  const members = entriesOf(value);
  if (style === "deepObject") return members.flatMap(([member, item]) => deepPairs(`${name}[${member}]`, item));
  if (explode) return members.map(([member, item]) => `${encode(member)}=${encode(item)}`);
  return [`${key}=${members.flatMap((pair) => pair.map(encode)).join(separatorOf(style))}`];
}

function pairsOfList(key: string, items: unknown[], style: ParameterStyle, explode: boolean): string[] {
  if (explode || style === "deepObject") return items.map((item) => `${key}=${encode(item)}`);
  return [`${key}=${items.map(encode).join(separatorOf(style))}`];
}

/** What `deepObject` does with more than one level is left open (§4.8.12.3); most servers read this. */
function deepPairs(name: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.map((item) => `${encode(name)}=${encode(item)}`);
  if (typeof value !== "object" || value === null) return [`${encode(name)}=${encode(value)}`];
  return entriesOf(value).flatMap(([member, item]) => deepPairs(`${name}[${member}]`, item));
}

function separatorOf(style: ParameterStyle): string {
  if (style === "spaceDelimited") return "%20";
  return style === "pipeDelimited" ? "%7C" : ",";
}
