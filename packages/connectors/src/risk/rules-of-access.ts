import type { Rule } from "./subject.ts";

const BROAD =
  /(^|[.:/_-])(\*|all|full|admin|owner|root|manage|sudo|write:all|everything|superuser)([.:/_-]|$)|^(repo|https:\/\/mail\.google\.com\/)$/i;
const WEAK: Record<string, string> = {
  query: "the credential is a part of the URL, and ends up in logs",
  basic: "a password is sent with every request",
  cookie: "a browser's session is used",
};

/** How the upstream is reached and opened. */
export const RULES_OF_ACCESS: Rule[] = [
  {
    id: "plain-http",
    severity: "high",
    title: "The upstream is reached without encryption",
    why: "Whoever is on the way reads and changes what is sent, the credential included.",
    todo: "Use the https address.",
    points: 25,
    pointsMax: 25,
    find: ({ url }) =>
      url.startsWith("http:") ? [{ tool: null, pointer: "/url", detail: `${new URL(url).origin} is http` }] : [],
  },
  {
    id: "weak-credential",
    severity: "medium",
    title: "The way the upstream is opened is a weak one",
    why: "A credential of this kind is easily lost, and opens everything.",
    todo: "Use OAuth or a bearer token where the upstream has it.",
    points: 8,
    pointsMax: 16,
    find: ({ access: { kinds } }) =>
      kinds.flatMap((kind) => (WEAK[kind] ? [{ tool: null, pointer: "/access", detail: WEAK[kind] }] : [])),
  },
  {
    id: "no-credential",
    severity: "medium",
    title: "The upstream asks for no credential",
    why: "Whoever finds it can use it, without Gatehouse.",
    todo: "Have it ask for one, unless what it does is public.",
    points: 5,
    pointsMax: 5,
    find: ({ access: { kinds } }) =>
      kinds.length === 0 ? [{ tool: null, pointer: "/access", detail: "it is open to all who reach it" }] : [],
  },
  {
    id: "broad-scope",
    severity: "medium",
    title: "A broad scope is asked for",
    why: "The credential opens more than the offered tools need.",
    todo: "Ask for the narrowest scopes with which the offered tools work.",
    points: 5,
    pointsMax: 15,
    find: ({ access: { scopes } }) =>
      scopes.flatMap((scope) =>
        BROAD.test(scope) ? [{ tool: null, pointer: "/access/scopes", detail: `“${scope}”` }] : [],
      ),
  },
];
