import type { AuditEntry } from "../api/audit/audit.ts";
import { EVENTS } from "./events.ts";
import { type AuditSearch, type FieldName, readSearch } from "./search.ts";

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
  { name: "method", explained: "of MCP: tools/list, resources/read …", of: ({ entry }) => entry.method },
  { name: "grant", explained: "the ID of what was consented to", of: ({ entry }) => entry.grant },
  { name: "arguments", explained: "the SHA-256 of a call's arguments", of: () => null },
  { name: "slower", explained: "that took so many milliseconds at least", of: () => null },
  { name: "larger", explained: "whose request or answer has so many bytes at least", of: () => null },
];

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
  const known = name === "event" ? EVENTS : [];
  const values = [...known, ...entries.map(of)].filter((value): value is string => Boolean(value));
  return [...new Set(values)].sort();
}
