import type { AccessTokenVerifier } from "@gatehouse/oauth/access-token";
import type { KoaContextWithOIDC } from "oidc-provider";
import { type RevokeDeps, revokeGrant } from "./grants.ts";

/**
 * RFC 7009 §2.1: revoking an access token ends its grant. oidc-provider stores no token that carries its own proof, so
 * it answers `unsupported_token_type` once it has authenticated the client; this takes over from there.
 */
export function revokeAccessToken(deps: RevokeDeps & { verifier: AccessTokenVerifier }) {
  return async function revokeAccessToken(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    if (ctx.oidc?.route !== "revocation" || !isUnsupportedTokenType(ctx.body)) return;
    const token = await deps.verifier.verify(ctx.oidc.params!.token as string);
    if (token?.clientId === ctx.oidc.client!.clientId) await revokeGrant(deps, token.grantId);
    // A token that is not valid, or not this client's, is none of its business: 200 all the same (§2.2).
    ctx.status = 200;
    ctx.remove("content-type");
    ctx.body = "";
  };
}

function isUnsupportedTokenType(body: unknown): boolean {
  return (body as { error?: string } | undefined)?.error === "unsupported_token_type";
}
