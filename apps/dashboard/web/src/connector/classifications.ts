import type { Tool } from "../api/connectors/tools.ts";

export type Classification = NonNullable<Tool["classification"]>;

/** An empty value is none. */
export const CLASSIFICATIONS: { value: Classification | ""; label: string }[] = [
  { value: "", label: "Unclassified (write)" },
  { value: "read", label: "Read" },
  { value: "write", label: "Write" },
];
