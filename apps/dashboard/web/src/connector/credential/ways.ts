import type { Connector } from "../../api.ts";

/** One way into an upstream, as it is being filled in. Every way has all of these, and uses its own. */
export interface WayFields {
  kind: Kind;
  name: string;
  template: string;
  tokenEndpoint: string;
  scopes: string;
  authMethod: "client_secret_basic" | "client_secret_post";
  instructions: string;
  /** How what a member types in is sent. */
  as: TypedInKind;
  service: string;
  /** The OAuth server's endpoints, which still hold where no service is chosen. */
  besides: Besides;
  /** Typed in just now; empty where what is stored is to stay. */
  secret: Record<string, string>;
  /** When what is stored was set, and by whom. */
  stored: { setAt: string; setBy: string | null } | null;
}

type StoredWay = NonNullable<Connector["access"]>[number];
export type Kind = StoredWay["kind"];
type Besides = Pick<Extract<StoredWay, { kind: "member-oauth" }>, "server" | "scopeDelimiter">;
export type TypedInKind = "header" | "query" | "cookie" | "basic" | "bearer";

export const KINDS: { group: string; items: { value: Kind; label: string }[] }[] = [
  {
    group: "The organisation's own, for everybody's calls",
    items: [
      { value: "bearer", label: "Bearer token" },
      { value: "header", label: "Header" },
      { value: "basic", label: "User name and password (Basic)" },
      { value: "query", label: "Query parameter" },
      { value: "cookie", label: "Cookie" },
      { value: "client-credentials", label: "OAuth client credentials" },
      { value: "mtls", label: "Client certificate (mutual TLS)" },
    ],
  },
  {
    group: "Each member's own",
    items: [
      { value: "member-oauth", label: "Members link their accounts (OAuth)" },
      { value: "member-secret", label: "Members type in their own key" },
    ],
  },
];

export const TYPED_IN: { value: TypedInKind; label: string }[] = [
  { value: "bearer", label: "a bearer token" },
  { value: "header", label: "a header" },
  { value: "basic", label: "a user name and password (Basic)" },
  { value: "query", label: "a query parameter" },
  { value: "cookie", label: "a cookie" },
];

export const labelOf = (kind: Kind): string =>
  KINDS.flatMap(({ items }) => items).find(({ value }) => value === kind)!.label;

export const isMembers = (kind: Kind): boolean => kind.startsWith("member-");

export function newWay(kind: Kind): WayFields {
  return {
    ...{ kind, name: "", template: "{secret}", tokenEndpoint: "", scopes: "", authMethod: "client_secret_basic" },
    ...{ instructions: "", as: "bearer", service: "", besides: {}, secret: {}, stored: null },
  };
}

export function fromStored(way: StoredWay): WayFields {
  const { credential: stored, slot: _, ...said } = way;
  const fields = { ...newWay(way.kind), stored };
  if (said.kind === "member-secret") {
    const { kind: as, ...sent } = said.as;
    return { ...fields, ...sent, as, instructions: said.instructions };
  }
  if (said.kind === "member-oauth") {
    const { service = "", scopes = [], server, scopeDelimiter } = said;
    const besides = { ...(server ? { server } : {}), ...(scopeDelimiter ? { scopeDelimiter } : {}) };
    return { ...fields, service, scopes: scopes.join(" "), besides };
  }
  return { ...fields, ...said, scopes: said.kind === "client-credentials" ? said.scopes.join(" ") : "" };
}

/** As the API takes a way. */
export function toWay(fields: WayFields) {
  const { kind, name, template, tokenEndpoint, authMethod, instructions, as, service, besides } = fields;
  const scopes = fields.scopes.split(/\s+/).filter(Boolean);
  if (kind === "client-credentials") return { kind, tokenEndpoint, scopes, authMethod };
  if (kind === "member-secret") return { kind, instructions, as: sentAs(as, name, template) };
  if (kind === "member-oauth")
    return { kind, ...besides, ...(service ? { service } : {}), ...(scopes.length ? { scopes } : {}) };
  return kind === "mtls" ? { kind } : sentAs(kind, name, template);
}

function sentAs(kind: TypedInKind, name: string, template: string) {
  if (kind === "header") return { kind, name, template };
  return kind === "query" || kind === "cookie" ? { kind, name } : { kind };
}

/** The name that the API knows a way's secret by. */
export function slotOf({ kind, name }: WayFields): string {
  return kind === "header" || kind === "query" || kind === "cookie" ? `${kind} ${name.trim().toLowerCase()}` : kind;
}

/** What was typed in, by slot. */
export function typedSecrets(ways: readonly WayFields[]): Record<string, Record<string, string>> {
  const typed = ways.filter(({ secret }) => Object.values(secret).some((text) => text !== ""));
  return Object.fromEntries(typed.map((way) => [slotOf(way), filled(way.secret)]));
}

const filled = (secret: Record<string, string>) =>
  Object.fromEntries(Object.entries(secret).filter(([, text]) => text !== ""));
