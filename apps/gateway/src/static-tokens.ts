import type { AccessToken } from "@gatehouse/oauth/access-token";
import { CLIENT_OF_TOKEN, type LiveToken } from "@gatehouse/store/static-tokens";
import type { ConnectorSnapshot } from "./snapshots.ts";

/** A static token that opens something, by its digest. */
export type StaticTokens = ReadonlyMap<string, StaticToken>;

/** What a static token is worth at each endpoint that it opens; for the rest of a call there is no difference. */
export interface StaticToken {
  /** `null` for an endpoint that it does not open. */
  at(audience: string): AccessToken | null;
}

/** Of one org; `audienceOf` is an endpoint's canonical URL. */
export function staticTokens(
  orgId: string,
  rows: LiveToken[],
  connectors: readonly ConnectorSnapshot[],
  audienceOf: (connector: ConnectorSnapshot) => string,
): StaticTokens {
  return new Map(
    rows.map((row) => {
      const digest = row.hash.toString("base64");
      const opened = connectors.filter(({ id }) => row.connectorIds === null || row.connectorIds.includes(id));
      const endpoints = new Map(opened.map((connector) => [audienceOf(connector), connector.id]));
      return [digest, openToken(orgId, digest, row, endpoints)];
    }),
  );
}

function openToken(
  orgId: string,
  digest: string,
  { id, name, subject, scopes, expiresAt }: LiveToken,
  endpoints: Map<string, string>,
): StaticToken {
  const opened = new Map<string, AccessToken>();
  const same = {
    ...{ orgId, subject, grantId: id, clientId: CLIENT_OF_TOKEN + id, staticToken: { digest, name } },
    ...{ scopes: new Set(scopes), expiresAt: expiresAt.getTime() / 1000 },
  };
  return {
    at(audience) {
      const known = opened.get(audience);
      if (known) return known;
      const endpointId = endpoints.get(audience);
      if (endpointId === undefined) return null;
      const token = { ...same, audience, endpointId };
      opened.set(audience, token);
      return token;
    },
  };
}
