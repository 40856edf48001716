/** Each member links an account of their own, by OAuth. */
export interface MemberOAuth {
  kind: "member-oauth";
  /** One of the known services; its endpoints are data. */
  service?: string;
  /** For an upstream that does not say who issues its tokens. */
  server?: { issuer?: string; authorizationEndpoint: string; tokenEndpoint: string; revocationEndpoint?: string };
  /** What to ask for; without it, what the upstream asks for. */
  scopes?: string[];
  scopeDelimiter?: string;
}

/** Each member types in a key, or a user and password, of their own. */
export interface MemberSecret {
  kind: "member-secret";
  /** What is asked for. */
  form: "key" | "user-and-password";
  /** Where a key goes: the name of a header, and its value with `{secret}` in it. */
  header?: string;
  template?: string;
  /** Where members get it, in the owner's words. */
  instructions: string;
}

export type MemberWay = MemberOAuth | MemberSecret;

/** The one of a connector's ways in that is each member's own; `null` where there is none. */
export function memberWayOf(access: unknown): MemberWay | null {
  const ways = Array.isArray(access) ? (access as { kind: string }[]) : [];
  const way = ways.find(({ kind }) => kind === "member-oauth" || kind === "member-secret");
  return (way as MemberWay | undefined) ?? null;
}
