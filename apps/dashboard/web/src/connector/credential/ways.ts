import type { Connector } from "../../api/connectors/connectors.ts";

/** One way into an upstream, as it is being filled in. Every way has all of these, and uses its own. */
export interface WayFields {
  kind: Kind;
  name: string;
  template: string;
  tokenEndpoint: string;
  scopes: string;
  authMethod: "client_secret_basic" | "client_secret_post";
  audience: string;
  instructions: string;
  /** How what a member types in is sent. */
  as: TypedInKind;
  /** Of a known service, `ENDPOINTS`, or empty where the upstream says who signs members in. */
  service: string;
  server: ServerFields;
  scopeDelimiter: " " | ",";
  /** Typed in just now; empty where what is stored is to stay. */
  secret: Record<string, string>;
  /** When what is stored was set, and by whom. */
  stored: { setAt: string; setBy: string | null } | null;
}

type StoredWay = NonNullable<Connector["access"]>[number];
export type Kind = StoredWay["kind"];
export type ServerFields = Record<"authorizationEndpoint" | "tokenEndpoint" | "revocationEndpoint" | "issuer", string>;
export type TypedInKind = "header" | "query" | "cookie" | "basic" | "bearer";

/** The owner enters where members sign in. */
export const ENDPOINTS = "endpoints";
const NO_SERVER: ServerFields = { authorizationEndpoint: "", tokenEndpoint: "", revocationEndpoint: "", issuer: "" };

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
  {
    group: "On behalf of whoever calls",
    items: [
      { value: "assertion", label: "Gatehouse's word for who calls (signed JWT)" },
      { value: "token-exchange", label: "Token exchange at your authorization server" },
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

/** The organisation has typed something in for it, or has to. */
export const hasSecret = (kind: Kind): boolean => !isMembers(kind) && kind !== "assertion";

export function newWay(kind: Kind): WayFields {
  return {
    ...{ kind, name: "", template: "{secret}", tokenEndpoint: "", scopes: "", authMethod: "client_secret_basic" },
    ...{ audience: "", instructions: "", as: "bearer", service: "", server: NO_SERVER, scopeDelimiter: " " },
    ...{ secret: {}, stored: null },
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
    const { scopes = [], server, scopeDelimiter = " " } = said;
    const service = said.service ?? (server ? ENDPOINTS : "");
    return { ...fields, service, scopes: scopes.join(" "), scopeDelimiter, server: withEvery(server) };
  }
  if (said.kind === "token-exchange") {
    return { ...fields, ...said, audience: said.audience ?? "", scopes: said.scopes.join(" ") };
  }
  return { ...fields, ...said, scopes: said.kind === "client-credentials" ? said.scopes.join(" ") : "" };
}

function withEvery(server: Partial<Record<keyof ServerFields, string | undefined>> = {}): ServerFields {
  const names = Object.keys(NO_SERVER) as (keyof ServerFields)[];
  return Object.fromEntries(names.map((name) => [name, server[name] ?? ""])) as ServerFields;
}

/** As the API takes a way. */
export function toWay(fields: WayFields) {
  const { kind, name, template, tokenEndpoint, authMethod, instructions, as } = fields;
  const scopes = fields.scopes.split(/\s+/).filter(Boolean);
  if (kind === "client-credentials") return { kind, tokenEndpoint, scopes, authMethod };
  if (kind === "token-exchange") {
    const audience = fields.audience.trim();
    return { kind, tokenEndpoint, scopes, authMethod, ...(audience ? { audience } : {}) };
  }
  if (kind === "member-secret") return { kind, instructions, as: sentAs(as, name, template) };
  if (kind === "member-oauth") return { kind, ...whoSignsIn(fields), ...(scopes.length ? { scopes } : {}) };
  return kind === "mtls" || kind === "assertion" ? { kind } : sentAs(kind, name, template);
}

function whoSignsIn({ service, server, scopeDelimiter }: WayFields) {
  if (service === "") return {};
  if (service !== ENDPOINTS) return { service };
  const { authorizationEndpoint, tokenEndpoint, ...optional } = server;
  const given = Object.fromEntries(Object.entries(optional).filter(([, url]) => url !== ""));
  const delimiter = scopeDelimiter === " " ? {} : { scopeDelimiter };
  return { server: { authorizationEndpoint, tokenEndpoint, ...given }, ...delimiter };
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

/** What of it may be kept in a browser. */
export const withoutSecret = (way: WayFields): WayFields => ({ ...way, secret: {} });

const filled = (secret: Record<string, string>) =>
  Object.fromEntries(Object.entries(secret).filter(([, text]) => text !== ""));
