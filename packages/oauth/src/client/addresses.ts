import type { AuthorizationServer } from "./discover.ts";
import { KNOWN_SERVICES } from "./known-services.ts";

/** One per connector, so that no other upstream's answer can be taken for this one's. */
export const redirectUriFor = (publicUrl: URL, connectorId: string) =>
  new URL(`/connect/callback/${connectorId}`, publicUrl).href;

/** Where Gatehouse says who it is, as one connector's client. */
export const metadataDocumentFor = (publicUrl: URL, connectorId: string) =>
  new URL(`/connect/client-metadata/${connectorId}`, publicUrl);

interface Given {
  service?: string | undefined;
  server?:
    | {
        issuer?: string | undefined;
        authorizationEndpoint: string;
        tokenEndpoint: string;
        revocationEndpoint?: string | undefined;
      }
    | undefined;
}

/** The authorization server that an owner has named; `null` where the upstream is to be asked for it. */
export function givenServer({ service, server }: Given): AuthorizationServer | null {
  if (service !== undefined) return KNOWN_SERVICES[service]?.server ?? null;
  if (!server) return null;
  const { issuer, authorizationEndpoint, tokenEndpoint, revocationEndpoint } = server;
  return {
    issuer: issuer ?? new URL(authorizationEndpoint).origin,
    authorization_endpoint: authorizationEndpoint,
    token_endpoint: tokenEndpoint,
    ...(revocationEndpoint ? { revocation_endpoint: revocationEndpoint } : {}),
  };
}
