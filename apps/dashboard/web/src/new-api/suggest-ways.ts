import type { ReadApi } from "../api.ts";
import { ENDPOINTS, newWay, type WayFields } from "../connector/credential/ways.ts";

export type SecurityChoice = ReadApi["security"][number];

/** How the connector can be opened as the description says; `null` for what has no counterpart. */
export function suggestWay(choice: SecurityChoice): WayFields | null {
  switch (choice.kind) {
    case "header":
    case "query":
    case "cookie":
      return { ...newWay(choice.kind), name: choice.parameter };
    case "basic":
    case "bearer":
      return newWay(choice.kind);
    case "mutual_tls":
      return newWay("mtls");
    case "oauth":
      return suggestOAuth(choice);
    case "openid":
      return null;
  }
}

function suggestOAuth(choice: Extract<SecurityChoice, { kind: "oauth" }>): WayFields | null {
  const { flow, authorizationUrl: authorizationEndpoint, tokenUrl: tokenEndpoint } = choice;
  if (!tokenEndpoint) return null;
  const scopes = Object.keys(choice.scopes).filter(isForReading).join(" ");
  if (flow === "clientCredentials") return { ...newWay("client-credentials"), tokenEndpoint, scopes };
  if (flow !== "authorizationCode" || !authorizationEndpoint) return null;
  const way = { ...newWay("member-oauth"), scopes, service: ENDPOINTS };
  return { ...way, server: { ...way.server, authorizationEndpoint, tokenEndpoint } };
}

/** What changes something is asked for when the owner says so. */
const isForReading = (scope: string) => /(^|[^a-z])(read|readonly|view)([^a-z]|$)/i.test(scope);
