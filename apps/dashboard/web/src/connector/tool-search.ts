import type { ToolFilter } from "../api/connectors/tools.ts";

type Show = NonNullable<ToolFilter["show"]>;

const SHOWN: Record<Show, string> = {
  offered: "Offered",
  off: "Not offered",
  read: "Reads",
  write: "Writes",
  unclassified: "Not classified",
  edited: "Edited",
};
export const SHOWN_LABELS = [
  { value: "", label: "All" },
  ...Object.entries(SHOWN).map(([value, label]) => ({ value, label })),
];

/** Which tools a list shows, as it stands in the address. */
export interface ToolSearch {
  q?: string;
  tag?: string;
  show?: Show;
}

/** Of an address that anybody may have written. */
export function readToolSearch({ q, tag, show }: Record<string, unknown>): ToolSearch {
  return {
    ...(typeof q === "string" && q ? { q } : {}),
    ...(typeof tag === "string" && tag ? { tag } : {}),
    ...(typeof show === "string" && show in SHOWN ? { show: show as Show } : {}),
  };
}
