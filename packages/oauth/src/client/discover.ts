import { Fault } from "@gatehouse/faults";
import * as oauth from "oauth4webapi";
import { checkedAddress, explain, type Upstream } from "./upstream.ts";

/** An authorization server's metadata, as far as it is used here (RFC 8414 §2). */
export type AuthorizationServer = {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  registration_endpoint?: string;
  revocation_endpoint?: string;
  token_endpoint_auth_methods_supported?: string[];
  authorization_response_iss_parameter_supported?: boolean;
  client_id_metadata_document_supported?: boolean;
};

export interface Discovered {
  server: AuthorizationServer;
  /** What tokens are asked for (RFC 8707); `null` where the upstream does not say what it is. */
  resource: string | null;
  /** What to ask for, where the owner says nothing else; none where the upstream names none. */
  scopes: string[];
}

/** Finds who issues tokens for an MCP server (MCP 2026-07-28, Authorization Server Discovery). */
export async function discover(endpoint: URL, upstream: Upstream): Promise<Discovered> {
  const challenge = await challengeOf(endpoint, upstream);
  const metadata = await resourceMetadata(endpoint, challenge.resource_metadata, upstream);
  const issuer = metadata?.authorization_servers?.[0] ?? endpoint.origin;
  const { server, scopesSupported } = await serverMetadata(issuer, upstream);
  const scopes = challenge.scope?.split(" ").filter(Boolean) ?? metadata?.scopes_supported ?? [];
  const forRefresh = scopesSupported.includes("offline_access") && !scopes.includes("offline_access");
  return {
    server,
    resource: metadata?.resource ?? null,
    scopes: forRefresh ? [...scopes, "offline_access"] : scopes,
  };
}

type Challenge = { resource_metadata?: string; scope?: string };

/** What the upstream says to a request without a token (RFC 9728 §5.1, RFC 6750 §3). */
async function challengeOf(endpoint: URL, { fetch }: Upstream): Promise<Challenge> {
  const answer = await fetch(endpoint.href, {
    method: "POST",
    headers: {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "server/discover",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 0, method: "server/discover", params: {} }),
  });
  const header = answer.status === 401 ? (answer.headers.get("www-authenticate") ?? "") : "";
  const parameters = header.matchAll(/\b(resource_metadata|scope)=(?:"([^"]*)"|([^\s,"]+))/gi);
  return Object.fromEntries([...parameters].map(([, name, quoted, bare]) => [name!.toLowerCase(), quoted ?? bare]));
}

type ResourceMetadata = Pick<oauth.ResourceServer, "resource" | "authorization_servers" | "scopes_supported">;

/** RFC 9728; `null` where there is none, as with servers of before 2025-06-18. */
async function resourceMetadata(
  endpoint: URL,
  named: string | undefined,
  upstream: Upstream,
): Promise<ResourceMetadata | null> {
  if (named !== undefined) {
    const address = checkedAddress(named, "The address of the upstream's resource metadata", upstream);
    const metadata = await readResourceMetadata(address, endpoint, upstream);
    if (metadata) return metadata;
    throw new Fault("upstream_failed", `${endpoint.host} names ${address.href} as its metadata, but there is none`);
  }
  for (const address of wellKnown(endpoint, "oauth-protected-resource")) {
    const metadata = await readResourceMetadata(address, endpoint, upstream);
    if (metadata) return metadata;
  }
  return null;
}

/** The metadata must be the endpoint's own, or that of what it is a part of. */
async function readResourceMetadata(address: URL, endpoint: URL, upstream: Upstream): Promise<ResourceMetadata | null> {
  const answer = await upstream.fetch(address.href, { headers: { accept: "application/json" } });
  if (answer.status !== 200) return null;
  const metadata = (await answer.json().catch(() => null)) as ResourceMetadata | null;
  const resource = typeof metadata?.resource === "string" ? URL.parse(metadata.resource) : null;
  if (!resource) throw new Fault("upstream_failed", `The metadata at ${address.href} is not what RFC 9728 says`);
  if (isWithin(endpoint, resource)) return metadata;
  throw new Fault("upstream_failed", `The metadata of ${endpoint.href} is for another server, ${resource.origin}`);
}

function isWithin(endpoint: URL, resource: URL): boolean {
  const folder = resource.pathname.replace(/\/$/, "");
  const path = endpoint.pathname.replace(/\/$/, "");
  return endpoint.origin === resource.origin && (path === folder || path.startsWith(`${folder}/`));
}

/** The well-known address of what is at a path, and of the whole origin (RFC 8615, RFC 9728 §3.1). */
function wellKnown({ origin, pathname }: URL, name: string): URL[] {
  const path = pathname.replace(/\/$/, "");
  const addresses = [`${origin}/.well-known/${name}${path}`, `${origin}/.well-known/${name}`];
  return [...new Set(addresses)].map((address) => new URL(address));
}

/** RFC 8414 §3.1 and OpenID Connect Discovery §4, with the path inserted and appended. */
function metadataAddresses({ origin, pathname }: URL): string[] {
  const path = pathname.replace(/\/$/, "");
  const inserted = ["oauth-authorization-server", "openid-configuration"].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  );
  return path ? [...inserted, `${origin}${path}/.well-known/openid-configuration`] : inserted;
}

async function serverMetadata(
  issuer: string,
  upstream: Upstream,
): Promise<{ server: AuthorizationServer; scopesSupported: string[] }> {
  const url = checkedAddress(issuer, "The upstream's authorization server", upstream);
  for (const address of metadataAddresses(url)) {
    const answer = await upstream.fetch(address, { headers: { accept: "application/json" } });
    if (answer.status >= 400 && answer.status < 500) continue;
    const metadata = await oauth.processDiscoveryResponse(url, answer).catch((error) => {
      throw explain(error, url.host);
    });
    return { server: usable(metadata, upstream), scopesSupported: metadata.scopes_supported ?? [] };
  }
  throw new Fault("upstream_failed", `${url.host} does not say how it signs people in: it has no OAuth metadata`);
}

function usable(metadata: oauth.AuthorizationServer, upstream: Upstream): AuthorizationServer {
  if (!metadata.code_challenge_methods_supported?.includes("S256")) {
    throw new Fault(
      "upstream_failed",
      `${metadata.issuer} does not say that it supports PKCE with S256, which MCP wants`,
    );
  }
  const { issuer, authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint } = metadata;
  const { token_endpoint_auth_methods_supported } = metadata;
  return checkedServer(
    {
      issuer,
      authorization_endpoint: authorization_endpoint!,
      token_endpoint: token_endpoint!,
      ...(registration_endpoint ? { registration_endpoint } : {}),
      ...(revocation_endpoint ? { revocation_endpoint } : {}),
      ...(token_endpoint_auth_methods_supported ? { token_endpoint_auth_methods_supported } : {}),
      authorization_response_iss_parameter_supported: metadata.authorization_response_iss_parameter_supported === true,
      client_id_metadata_document_supported: metadata.client_id_metadata_document_supported === true,
    },
    upstream,
  );
}

/** Throws where one of its addresses is none that may be used, whoever named it. */
export function checkedServer(server: AuthorizationServer, upstream: Pick<Upstream, "allowHttp">): AuthorizationServer {
  checkedAddress(server.authorization_endpoint, "The sign-in page that the upstream names", upstream);
  checkedAddress(server.token_endpoint, "The token endpoint that the upstream names", upstream);
  for (const name of ["registration_endpoint", "revocation_endpoint"] as const) {
    if (server[name]) checkedAddress(server[name], `The ${name.replace("_", " ")} that the upstream names`, upstream);
  }
  return server;
}
