import { isObject, type Json, type JsonObject } from "./pointer.ts";

/** Where documents that others refer to are put. */
const SHELF = "x-external";

export interface Bundling {
  /** Where the document was found; without it, only whole URLs lead anywhere. */
  foundAt: URL | null;
  /** The documents that are there, by URL, already parsed. */
  read: (url: string) => Json | undefined;
}

/**
 * Makes references to other documents local, by putting those documents into this one. Answers the URLs of the documents that
 * were not there; references to them stay as they are.
 */
export function bundle(document: JsonObject, { foundAt, read }: Bundling): string[] {
  const places = new Map<string, string>();
  const shelf: JsonObject = {};
  const missing = new Set<string>();
  if (foundAt) places.set(withoutFragment(foundAt), "");

  function visit(node: Json, base: URL | null, place: string): void {
    if (Array.isArray(node)) for (const item of node) visit(item, base, place);
    if (!isObject(node)) return;
    if (typeof node.$ref === "string") node.$ref = localize(node.$ref, base, place);
    for (const child of Object.values(node)) visit(child, base, place);
  }

  function localize(reference: string, base: URL | null, place: string): string {
    if (reference.startsWith("#")) return `#${place}${reference.slice(1)}`;
    const url = URL.parse(reference, base?.href);
    if (!url || !/^https?:$/.test(url.protocol)) return reference;
    const target = placeOf(url);
    return target === null ? reference : `#${target}${url.hash.slice(1)}`;
  }

  function placeOf(url: URL): string | null {
    const address = withoutFragment(url);
    const known = places.get(address);
    if (known !== undefined) return known;
    const other = read(address);
    if (other === undefined) {
      missing.add(address);
      return null;
    }
    const place = `/${SHELF}/${places.size}`;
    places.set(address, place);
    shelf[String(places.size - 1)] = other;
    visit(other, url, place);
    return place;
  }

  visit(document, foundAt, "");
  if (Object.keys(shelf).length > 0) document[SHELF] = shelf;
  return [...missing];
}

function withoutFragment(url: URL): string {
  return url.href.replace(/#.*$/, "");
}
