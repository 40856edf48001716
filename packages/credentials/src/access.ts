import { z } from "zod";

// How an upstream is opened, as `connectors.access` holds it: a list of ways, all of which are used.

/** RFC 9110 §5.6.2 */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;

/** Those that say where a message begins and ends, where it goes, or what MCP says of it. */
const DANGEROUS =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|keep-alive|expect|accept|cookie|forwarded|x-forwarded-.*|proxy-.*|traceparent|tracestate|mcp-.*|last-event-id|:.*)$/i;

const HeaderName = z
  .string("Name the header")
  .trim()
  .regex(TOKEN, "This is not the name of a header")
  .refine((name) => !DANGEROUS.test(name), "This header cannot be chosen: it is Gatehouse's own to set");

const Template = z
  .string()
  .max(200, "Use at most 200 characters")
  .regex(/^[\x20-\x7e]*$/, "Use plain characters")
  .refine((text) => text.split("{secret}").length === 2, "Write {secret} once, where the secret is to stand")
  .default("{secret}");

const ParameterName = z
  .string("Name the parameter")
  .trim()
  .regex(/^[\w.~[\]-]{1,100}$/, "Use letters, digits and . _ ~ - only");
const CookieName = z.string("Name the cookie").trim().regex(TOKEN, "This is not the name of a cookie");

const Scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, "A scope has no spaces and no quotes");

const HttpUrl = z
  .string("Enter the whole URL")
  .trim()
  .max(2048, "Use at most 2048 characters")
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "Enter the whole URL, beginning with https://")
  .refine(
    (text) => !URL.parse(text)?.username && !URL.parse(text)?.hash,
    "Leave out user names and the part from # on",
  );

const Header = z.object({ kind: z.literal("header"), name: HeaderName, template: Template });
const QueryParameter = z.object({ kind: z.literal("query"), name: ParameterName });
const Cookie = z.object({ kind: z.literal("cookie"), name: CookieName });
/** RFC 7617 */
const Basic = z.object({ kind: z.literal("basic") });
/** RFC 6750 */
const Bearer = z.object({ kind: z.literal("bearer") });

/** How something that a person typed in is sent. */
const TypedIn = z.discriminatedUnion("kind", [Header, QueryParameter, Cookie, Basic, Bearer]);

/** RFC 6749 §4.4 */
const ClientCredentials = z.object({
  kind: z.literal("client-credentials"),
  tokenEndpoint: HttpUrl,
  scopes: z.array(Scope).max(50).default([]),
  authMethod: z.enum(["client_secret_basic", "client_secret_post"]).default("client_secret_basic"),
  /** RFC 8707; left out where the server knows nothing of it. */
  resource: HttpUrl.optional(),
});

/** RFC 8693: who is calling is shown to an authorization server of the org's, which gives a token for them. */
const TokenExchange = ClientCredentials.extend({
  kind: z.literal("token-exchange"),
  audience: Scope.optional(),
});

/** A signed statement of who is calling, for this upstream alone. */
const Assertion = z.object({ kind: z.literal("assertion") });

/** A client certificate, with its key, and what the server's certificate is checked by where that is no public authority. */
const MutualTls = z.object({ kind: z.literal("mtls") });

const Server = z.object({
  /** Where it is not the origin of the sign-in page. */
  issuer: HttpUrl.optional(),
  authorizationEndpoint: HttpUrl,
  tokenEndpoint: HttpUrl,
  revocationEndpoint: HttpUrl.optional(),
});

/** Without a service or a server, the upstream itself says who issues its tokens (MCP, Authorization Server Discovery). */
const MemberOAuth = z.object({
  kind: z.literal("member-oauth"),
  /** A service that is known by name, with its endpoints. */
  service: z.string().max(40).optional(),
  server: Server.optional(),
  /** What is asked for; without it, what the upstream or the service asks for. */
  scopes: z.array(Scope).max(50).optional(),
  scopeDelimiter: z.enum([" ", ","]).optional(),
});

/** Where a member gets what they type in is for the owner to say. */
const MemberSecret = z.object({
  kind: z.literal("member-secret"),
  instructions: z.string().trim().max(2000, "Use at most 2000 characters").default(""),
  as: TypedIn,
});

const OnBehalf = [TokenExchange, Assertion] as const;

const Way = z.discriminatedUnion("kind", [
  ...TypedIn.options,
  ...[ClientCredentials, MutualTls, MemberOAuth, MemberSecret],
  ...OnBehalf,
]);

export type Way = z.output<typeof Way>;
export type TypedInWay = z.output<typeof TypedIn>;
export type WayOf<Kind extends Way["kind"]> = Extract<Way, { kind: Kind }>;

export const Access = z
  .array(Way)
  .max(8, "Use at most eight ways at once")
  .superRefine((ways, context) => {
    for (const [at, way] of ways.entries()) {
      const other = ways.findIndex((earlier) => isAtSamePlace(earlier, way));
      if (other === at) continue;
      context.addIssue({ code: "custom", path: [at], message: "Two of these would be sent in the same place" });
    }
  });

export type Access = z.output<typeof Access>;

/** What a stored access says; none where it says nothing that is understood here. */
export function parseAccess(stored: unknown): Access {
  return Access.parse(stored);
}

/** A way's name among those of its connector, under which its credential is kept. */
export function slotOf(way: Way): string {
  return "name" in way ? `${way.kind} ${way.name.toLowerCase()}` : way.kind;
}

export type MemberWay = WayOf<"member-oauth" | "member-secret">;
export type OnBehalfWay = WayOf<"token-exchange" | "assertion">;
/** For which the org keeps a secret. */
export type OrgWay = Exclude<Way, MemberWay | WayOf<"assertion">>;

/** The one way that is each member's own; `null` where there is none. */
export function memberWayOf(stored: unknown): MemberWay | null {
  return parseAccess(stored).find(isMembers) ?? null;
}

export function isOrgs(way: Way): way is OrgWay {
  return !isMembers(way) && way.kind !== "assertion";
}

/** What is sent names the person who calls. */
export function isOnBehalf(way: Way): way is OnBehalfWay {
  return way.kind === "token-exchange" || way.kind === "assertion";
}

/** Each member has their own, where the others are the org's. */
export function isMembers(way: Way): way is MemberWay {
  return way.kind === "member-oauth" || way.kind === "member-secret";
}

function isAtSamePlace(one: Way, other: Way): boolean {
  return placeOf(one) === placeOf(other) || (isMembers(one) && isMembers(other));
}

const IN_AUTHORIZATION = new Set([
  ...["basic", "bearer", "client-credentials", "member-oauth"],
  ...OnBehalf.map(({ shape }) => shape.kind.value),
]);

function placeOf(way: Way): string {
  const sent = way.kind === "member-secret" ? way.as : way;
  return IN_AUTHORIZATION.has(sent.kind) ? "header authorization" : slotOf(sent);
}
