export type Kind = "tools" | "resources" | "prompts";

export const KINDS: Record<Kind, { label: string; one: string }> = {
  tools: { label: "Tools", one: "tool" },
  resources: { label: "Resources", one: "resource" },
  prompts: { label: "Prompts", one: "prompt" },
};

export interface PlaygroundSearch {
  kind?: Kind;
  /** The tool's or prompt's name, or the resource's URI. */
  name?: string;
}

/** Of an address that anybody may have written. */
export function readPlaygroundSearch({ kind, name }: Record<string, unknown>): PlaygroundSearch {
  return {
    ...(typeof kind === "string" && kind in KINDS ? { kind: kind as Kind } : {}),
    ...(typeof name === "string" ? { name } : {}),
  };
}
