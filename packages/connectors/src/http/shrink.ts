import { isObject, type Json } from "../openapi/pointer.ts";

export interface Shrunk {
  value: Json;
  /** `items shows 20 of 500`, one for each list that was cut. */
  cuts: string[];
}

const ITEMS_MAX = [500, 200, 100, 50, 20, 10, 5, 3, 1];

/** The value with its lists and texts cut until its JSON is no longer than this; what is left is of the same shape. */
export function shrink(value: Json, charactersMax: number): Shrunk {
  for (const itemsMax of ITEMS_MAX) {
    const shrunk = cut(value, itemsMax, itemsMax * 100);
    if (JSON.stringify(shrunk.value).length <= charactersMax) return shrunk;
  }
  return cut(value, 0, 20);
}

function cut(root: Json, itemsMax: number, textMax: number): Shrunk {
  const cuts = new Map<string, string>();
  function visit(value: Json, path: string): Json {
    if (typeof value === "string" && value.length > textMax) {
      cuts.set(path, `${path} is cut after ${textMax} characters`);
      return `${value.slice(0, textMax)}…`;
    }
    if (Array.isArray(value)) {
      if (value.length > itemsMax) cuts.set(path, `${path} shows ${itemsMax} of ${value.length}`);
      return value.slice(0, itemsMax).map((item) => visit(item, path));
    }
    if (!isObject(value)) return value;
    const at = path === "the answer" ? "" : `${path}.`;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, visit(member, `${at}${key}`)]));
  }
  const value = visit(root, "the answer");
  return { value, cuts: [...cuts.values()].slice(0, 10) };
}
