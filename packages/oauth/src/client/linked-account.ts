import type { AuthorizationServer } from "./discover.ts";

/** What a member's linked account is sealed as: all that is needed to use, renew and revoke it, but the client's secret. */
export interface LinkedAccount {
  accessToken: string;
  /** `null` where the upstream gave none: the link ends with the access token. */
  refreshToken: string | null;
  /** The only places that the tokens are sent to for renewal and revocation. */
  server: Pick<AuthorizationServer, "issuer" | "authorization_endpoint" | "token_endpoint" | "revocation_endpoint">;
  /** Which client it was linked by. */
  clientId: string;
  /** RFC 8707. */
  resource: string | null;
  scopeDelimiter?: string;
}

/** Where the secret of the client at an upstream's authorization server is sealed for. */
export const placeOfClientSecret = (
  org: string,
  { connectorId, clientId }: { connectorId: string; clientId: string },
) => ({
  ...{ org, row: `upstream_clients/${connectorId}/${clientId}` },
});
