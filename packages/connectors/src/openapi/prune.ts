import { mapParts } from "./compile-schema.ts";
import type { JsonObject } from "./pointer.ts";

/** The schema without what lies so deep that it would be larger than this: anything is let through there. */
export function prune(schema: JsonObject, bytesMax: number): JsonObject {
  for (let depth = 12; depth > 0; depth--) {
    const pruned = depth === 12 ? schema : withoutUnused(cutBelow(schema, depth));
    if (Buffer.byteLength(JSON.stringify(pruned)) <= bytesMax) return pruned;
  }
  return { type: schema.type ?? "object" };
}

function cutBelow({ $defs, ...schema }: JsonObject, depth: number): JsonObject {
  function cut(part: JsonObject, left: number): JsonObject {
    if (left > 0) return mapParts(part, (below) => cut(below, left - 1));
    const { type, description, $ref } = part;
    return { ...(type && !$ref ? { type } : {}), ...(description ? { description } : {}) };
  }
  const shared = Object.entries(($defs ?? {}) as Record<string, JsonObject>);
  const defs = Object.fromEntries(shared.map(([name, part]) => [name, cut(part, depth - 1)]));
  return { ...cut(schema, depth), ...(shared.length > 0 ? { $defs: defs } : {}) };
}

function withoutUnused(schema: JsonObject): JsonObject {
  const { $defs, ...root } = schema;
  if (!$defs) return schema;
  const defs = $defs as Record<string, JsonObject>;
  const used = new Set<string>();
  const pending: JsonObject[] = [root];
  for (let next = pending.pop(); next; next = pending.pop()) {
    for (const [, name] of JSON.stringify(next).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)) {
      if (used.has(name!) || !defs[name!]) continue;
      used.add(name!);
      pending.push(defs[name!]!);
    }
  }
  if (used.size === 0) return root;
  return { ...root, $defs: Object.fromEntries([...used].map((name) => [name, defs[name]!])) };
}
