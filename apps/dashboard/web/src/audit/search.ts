import type { AuditEntry } from "../api.ts";

/** What the log is searched by, as it stands in the address; all that is given must hold. */
export type AuditSearch = Partial<Record<FieldName | "from" | "to", string>>;

export type FieldName =
  | "event"
  | "outcome"
  | "who"
  | "connector"
  | "tool"
  | "client"
  | "token"
  | "address"
  | "trace"
  | "error";

interface Field {
  name: FieldName;
  explained: string;
  /** What an entry has of it, to be offered. */
  of: (entry: AuditEntry) => string | null | undefined;
}

export const FIELDS: readonly Field[] = [
  { name: "event", explained: "what happened: call, sign_in, connector.changed …", of: ({ event }) => event },
  { name: "outcome", explained: "how it ended: ok, tool_error, forbidden …", of: ({ outcome }) => outcome },
  { name: "who", explained: "an email address, or a service account", of: ({ user }) => user },
  { name: "connector", explained: "by the name in its address", of: ({ connectorSlug }) => connectorSlug },
  { name: "tool", explained: "that was called", of: ({ entry }) => entry.tool },
  { name: "client", explained: "the app's ID", of: ({ entry }) => entry.client },
  { name: "token", explained: "the ID of a static token", of: ({ entry }) => entry.token },
  { name: "address", explained: "where it came from", of: ({ entry }) => entry.address },
  { name: "trace", explained: "the ID of a trace", of: ({ entry }) => entry.trace_id },
  { name: "error", explained: "words in an error", of: ({ entry }) => entry.error },
];

const NAMES: ReadonlySet<string> = new Set([...FIELDS.map(({ name }) => name), "from", "to"]);

/** Of an address that anybody may have written. */
export function readSearch(search: Record<string, unknown>): AuditSearch {
  const known = Object.entries(search).filter(([name, value]) => NAMES.has(name) && value !== "" && value != null);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

const TERM = /(\w+):(?:"([^"]*)"|(\S+))/g;

/** `event:call error:"not found"` */
export function termsIn(text: string): AuditSearch {
  const terms = [...text.matchAll(TERM)].map(([, name = "", quoted, plain]) => [name, quoted ?? plain] as const);
  return readSearch(Object.fromEntries(terms));
}

/** What to call a term by that was typed without saying of what it is. */
export function fieldsFor(value: string): FieldName[] {
  if (value.includes("@")) return ["who"];
  if (/^[0-9a-f]{32}$/.test(value)) return ["trace"];
  if (/^[0-9a-f.]*[.:][0-9a-f.:]*$/i.test(value)) return ["address"];
  return ["tool", "who", "connector", "client", "event", "outcome", "error"];
}

export function valuesOf(name: FieldName, entries: readonly AuditEntry[]): string[] {
  const { of } = FIELDS.find((field) => field.name === name)!;
  const values = entries.map(of).filter((value): value is string => Boolean(value));
  return [...new Set(values)].sort();
}
