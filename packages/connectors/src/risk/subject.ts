import type { Json } from "../openapi/pointer.ts";

/** What a report is made of: a connector as its owner has set it up at the moment. */
export interface Subject {
  /** Of the upstream. */
  url: string;
  /** How it is opened: the kinds of credential, and the scopes that are asked for. */
  access: { kinds: readonly string[]; scopes: readonly string[] };
  tools: readonly RiskTool[];
  /** Names of tools that other connectors of the org offer, by the connector's name. */
  others: ReadonlyMap<string, string>;
}

export interface RiskTool {
  name: string;
  title?: string;
  description?: string;
  inputSchema?: unknown;
  outputSchema?: unknown;
  annotations?: { readOnlyHint?: boolean; destructiveHint?: boolean };
  classification: "read" | "write" | null;
  offered: boolean;
}

export type Severity = "high" | "medium" | "low";

/** Where a rule has found something. */
export interface Found {
  /** `null` where it is the connector as a whole. */
  tool: string | null;
  /** A JSON Pointer into the tool's definition, or into the connector. */
  pointer: string;
  detail: string;
}

export interface Rule {
  id: string;
  severity: Severity;
  title: string;
  why: string;
  todo: string;
  /** What one finding adds to the score, and all of this rule at most. */
  points: number;
  pointsMax: number;
  find(subject: Subject): Found[];
}

export interface SchemaPart {
  name: string;
  pointer: string;
  schema: Record<string, Json>;
}

/** Every named member of a schema, at every depth, definitions included. */
export function partsOf(schema: unknown, pointer: string): SchemaPart[] {
  if (Array.isArray(schema)) return schema.flatMap((item, index) => partsOf(item, `${pointer}/${index}`));
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key === "enum" || key === "const" || key === "default" || key === "examples") return [];
    const below = `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (key !== "properties" || typeof value !== "object" || value === null) return partsOf(value, below);
    return Object.entries(value as Record<string, unknown>).flatMap(([name, part]) => {
      const place = `${below}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const isSchema = typeof part === "object" && part !== null;
      return [
        ...(isSchema ? [{ name, pointer: place, schema: part as SchemaPart["schema"] }] : []),
        ...partsOf(part, place),
      ];
    });
  });
}
