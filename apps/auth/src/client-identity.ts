import { hash } from "node:crypto";
import type { ClientIdentity } from "@gatehouse/store/clients";
import type { Client } from "oidc-provider";

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** The ids of clients that owners register by hand; no client can choose one. */
export function isOwnClientId(clientId: string): boolean {
  return clientId.startsWith("own-");
}

export function nameOf(client: Client): string {
  return client.clientName ?? "An app without a name";
}

/** The host that vouches for a client: where its metadata document is. Nobody vouches for one that registered itself. */
export function vouchingHost(client: Client): string | null {
  return "clientIdMetadataDocument" in client ? new URL(client.clientId).host : null;
}

/**
 * SHA-256 of all that a member's consent rests on: who the client says it is, where codes go, and how it proves to be
 * itself. Whatever of it changes, the member is asked again.
 */
export function clientDigest(client: Client): string {
  const { clientName, redirectUris = [], tokenEndpointAuthMethod, jwks, jwksUri } = client;
  const destinations = [...new Set(redirectUris.map(withoutLoopbackPort))].sort();
  const said = [clientName, destinations, tokenEndpointAuthMethod, jwks, jwksUri].map((value) => value ?? null);
  return hash("sha256", JSON.stringify(said), "base64url");
}

/**
 * Software that registers itself each time it connects is the same to an org as long as it says the same: whoever else
 * says that gets the codes sent to the same places, and a public client's id proves no more.
 */
export function identify(client: Client): ClientIdentity {
  const { clientId, redirectUris = [] } = client;
  const name = nameOf(client);
  const documentHost = vouchingHost(client);
  if (documentHost) return { identity: clientId, registration: "document", name, host: documentHost };
  const host = onlyHost(redirectUris);
  if (isOwnClientId(clientId)) return { identity: clientId, registration: "manual", name, host };
  return { identity: `sha256:${clientDigest(client)}`, registration: "dynamic", name, host };
}

/** `null` where they are several, or apps that open links of their own. All of a member's own computer is `localhost`. */
function onlyHost(redirectUris: readonly string[]): string | null {
  const hosts = new Set(redirectUris.map(hostOf));
  const [host] = hosts;
  return hosts.size === 1 && host ? host : null;
}

function hostOf(redirectUri: string): string {
  const url = new URL(redirectUri);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "";
  return LOOPBACK.test(url.hostname) ? "localhost" : url.host;
}

/** Native clients choose a free port each time, and any will do (RFC 8252 §7.3). */
function withoutLoopbackPort(redirectUri: string): string {
  const url = URL.parse(redirectUri);
  if (url?.protocol !== "http:" || !LOOPBACK.test(url.hostname)) return redirectUri;
  url.port = "";
  return url.href;
}
