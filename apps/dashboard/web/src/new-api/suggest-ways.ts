import type { ReadApi } from "../api/connectors/apis.ts";
import { ENDPOINTS, newWay, type WayFields } from "../connector/credential/ways.ts";

export type SecurityChoice = ReadApi["security"][number];

/** How the connector can be opened as the description says, and what it does not say. */
export interface Suggested {
  way: WayFields;
  /** What the owner has to find out. */
  todo?: string;
}

export function suggestWay(choice: SecurityChoice): Suggested {
  switch (choice.kind) {
    case "header":
    case "query":
    case "cookie":
      return { way: { ...newWay(choice.kind), name: choice.parameter } };
    case "basic":
    case "bearer":
      return { way: newWay(choice.kind) };
    case "mutual_tls":
      return { way: newWay("mtls") };
    case "oauth":
      return suggestOAuth(choice);
    case "openid":
      return suggestOpenId(choice.discoveryUrl);
  }
}

const LEFT_TO_FIND = {
  authorizationCode: "The description lacks an endpoint: the API's documentation for OAuth has it.",
  clientCredentials: "The description lacks the token endpoint: the API's documentation for OAuth has it.",
  implicit:
    "The description has only the implicit flow, which hands tokens to browsers and is not used here. Find the token endpoint of the authorization code flow in the API's documentation.",
  password:
    "The description has only the password flow, for which members would give away their passwords. Find the authorization endpoint of the authorization code flow in the API's documentation, or choose another way.",
};

function suggestOAuth(choice: Extract<SecurityChoice, { kind: "oauth" }>): Suggested {
  const { flow, authorizationUrl: authorizationEndpoint = "", tokenUrl: tokenEndpoint = "" } = choice;
  const scopes = Object.keys(choice.scopes).filter(isForReading).join(" ");
  const todo = { todo: LEFT_TO_FIND[flow] };
  if (flow === "clientCredentials") {
    return { way: { ...newWay("client-credentials"), tokenEndpoint, scopes }, ...(tokenEndpoint ? {} : todo) };
  }
  const way = { ...newWay("member-oauth"), scopes, service: ENDPOINTS };
  const isWhole = authorizationEndpoint !== "" && tokenEndpoint !== "";
  return {
    way: { ...way, server: { ...way.server, authorizationEndpoint, tokenEndpoint } },
    ...(isWhole ? {} : todo),
  };
}

const DISCOVERY = "/.well-known/openid-configuration";

function suggestOpenId(discoveryUrl: string): Suggested {
  const way = { ...newWay("member-oauth"), scopes: "openid", service: ENDPOINTS };
  const issuer = discoveryUrl.endsWith(DISCOVERY) ? discoveryUrl.slice(0, -DISCOVERY.length) : "";
  return {
    way: { ...way, server: { ...way.server, issuer } },
    todo: `Open ${discoveryUrl} in a browser, and copy its authorization_endpoint and token_endpoint to where they are asked for.`,
  };
}

/** What changes something is asked for when the owner says so. */
const isForReading = (scope: string) => /(^|[^a-z])(read|readonly|view)([^a-z]|$)/i.test(scope);
