import { SCOPES } from "@gatehouse/oauth/endpoint";
import { listToolsOfConnector, type Tool } from "@gatehouse/store/connectors";
import { type Database, withOrg } from "@gatehouse/store/database";
import { type ConsentTerms, listAgreements } from "@gatehouse/store/grants";
import type { Client } from "oidc-provider";
import { clientDigest } from "./client-identity.ts";
import { type Endpoint, findEndpoint } from "./resource.ts";

/** Of one member, by one client, for one endpoint. */
export interface ConsentRequest {
  client: Client;
  endpoint: Endpoint;
  resource: string;
  userId: string;
  /** Which of an endpoint's scopes. */
  scopes: string[];
  /** The names of the tools that the member is offered, by the scope that opens them. */
  tools: Record<string, string[]>;
  terms: ConsentTerms;
  /** What the member has agreed to on these same terms, the latest first. */
  agreements: { id: string; scopes: string[] }[];
}

export interface AskedConsent {
  client: Client;
  userId: string;
  /** As the client put it, with OpenID Connect's scopes among them. */
  scope: string;
  resource: string;
  redirectUri: string;
}

/** `null` where there is no such endpoint, or it is not for this member. */
export async function findConsentRequest(
  deps: { db: Database; publicUrl: URL },
  { client, userId, scope, resource, redirectUri }: AskedConsent,
): Promise<ConsentRequest | null> {
  const endpoint = await findEndpoint(deps, resource, userId);
  if (!endpoint) return null;
  return withOrg(deps.db, endpoint.org.id, async (org) => {
    const tools = await listToolsOfConnector(org, endpoint.connector.id);
    const reachable = tools.filter(({ offered, openTo }) => offered && endpoint.mayUse(openTo));
    const isRead = ({ classification }: Tool) => classification === "read";
    const writes = reachable.filter((tool) => !isRead(tool));
    const terms = {
      ...{ clientDigest: clientDigest(client), redirectHost: hostOf(redirectUri) },
      writes: writes.map(({ name }) => name),
    };
    const connectorId = endpoint.connector.id;
    const agreements = await listAgreements(org, { userId, connectorId, clientId: client.clientId });
    return {
      ...{ client, endpoint, resource, userId, terms },
      scopes: SCOPES.filter((known) => scope.split(" ").includes(known)),
      tools: { "mcp:read": reachable.filter(isRead).map(offeredName), "mcp:write": writes.map(offeredName) },
      agreements: agreements.filter((agreement) => isSame(terms, agreement)),
    };
  });
}

const offeredName = ({ name, edits }: Tool) => edits?.name ?? name;

/** The client is what it was, is sent to where it was, and nothing can be changed that could not be. */
function isSame(now: ConsentTerms, { scopes, terms }: { scopes: string[]; terms: Partial<ConsentTerms> }): boolean {
  const known = new Set(terms.writes);
  return (
    terms.clientDigest === now.clientDigest &&
    terms.redirectHost === now.redirectHost &&
    (!scopes.includes("mcp:write") || now.writes.every((name) => known.has(name)))
  );
}

/** The host, or the scheme of an app's own links. */
function hostOf(redirectUri: string): string {
  const { protocol, hostname } = new URL(redirectUri);
  return /^https?:$/.test(protocol) ? hostname : protocol;
}

/** The scopes that the member has agreed to before. */
export function heldScopes({ agreements }: ConsentRequest): string[] {
  return SCOPES.filter((scope) => agreements.some(({ scopes }) => scopes.includes(scope)));
}
