import type { AccessTokenVerifier } from "@gatehouse/oauth/access-token";
import type { Database } from "@gatehouse/store/database";
import type { Vault } from "@gatehouse/vault/vault";
import type { Client, ClientMetadata, KoaContextWithOIDC, RefreshToken } from "oidc-provider";
import { findEndpoint } from "./resource.ts";

/** Our own resource servers, which alone may ask what a token is worth. Each that has the master key knows their secret. */
export const RESOURCE_SERVER_CLIENT_ID = "gatehouse-gateway";

export function resourceServerClient(vault: Vault): ClientMetadata {
  return {
    client_id: RESOURCE_SERVER_CLIENT_ID,
    client_secret: vault.derive("introspection"),
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: [],
    response_types: [],
    redirect_uris: [],
  };
}

/** For refresh tokens, which oidc-provider finds by itself; one that renews nothing any more is not active. */
export function mayIntrospect(deps: { db: Database; publicUrl: URL }) {
  return async function mayIntrospect(_ctx: KoaContextWithOIDC, { clientId }: Client, token: object): Promise<boolean> {
    const { accountId, resource } = token as Partial<RefreshToken>;
    if (clientId !== RESOURCE_SERVER_CLIENT_ID || !accountId || typeof resource !== "string") return false;
    return (await findEndpoint(deps, resource, accountId)) !== null;
  };
}

export interface IntrospectDeps {
  db: Database;
  publicUrl: URL;
  verifier: AccessTokenVerifier;
}

/**
 * RFC 7662 for tokens that carry their own proof, which oidc-provider does not introspect: it answers
 * `unsupported_token_type` once it has authenticated the client. Whoever may not ask is told what nobody's token is told.
 */
export function introspect(deps: IntrospectDeps) {
  return async function introspect(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    if (ctx.oidc?.route !== "introspection") return;
    if ((ctx.body as { error?: string }).error !== "unsupported_token_type") return;
    const mayAsk = ctx.oidc.client!.clientId === RESOURCE_SERVER_CLIENT_ID;
    ctx.status = 200;
    ctx.body = (mayAsk && (await describe(deps, ctx))) || { active: false };
  };
}

/** `null` for a token that opens nothing, whatever the reason. */
async function describe(deps: IntrospectDeps, { oidc }: KoaContextWithOIDC): Promise<Record<string, unknown> | null> {
  const token = await deps.verifier.verify(oidc.params!.token as string);
  if (!token || !(await oidc.provider.Grant.find(token.grantId))) return null;
  if (!(await findEndpoint(deps, token.audience, token.subject))) return null;
  return {
    active: true,
    token_type: "Bearer",
    iss: deps.publicUrl.origin,
    ...{ sub: token.subject, aud: token.audience, client_id: token.clientId, exp: token.expiresAt },
    ...{ scope: [...token.scopes].join(" "), org: token.orgId, endpoint: token.endpointId, grant: token.grantId },
  };
}
