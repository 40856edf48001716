const FIELD_NAMES = [
  "event",
  "outcome",
  "who",
  "connector",
  "tool",
  "client",
  "token",
  "address",
  "trace",
  "error",
  "method",
  "grant",
  "arguments",
  "slower",
  "larger",
] as const;

export type FieldName = (typeof FIELD_NAMES)[number];

/** What the log is searched by, as it stands in the address; all that is given must hold. */
export type AuditSearch = Partial<Record<FieldName | "from" | "to", string>>;

const NAMES: ReadonlySet<string> = new Set([...FIELD_NAMES, "from", "to"]);

/** Of an address that anybody may have written. */
export function readSearch(search: Record<string, unknown>): AuditSearch {
  const known = Object.entries(search).filter(([name, value]) => NAMES.has(name) && value !== "" && value != null);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}
