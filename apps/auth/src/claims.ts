import { SCOPES } from "@gatehouse/oauth/endpoint";
import type { Database } from "@gatehouse/store/database";
import { findUser } from "@gatehouse/store/users";
import { type AccessToken, type Account, errors, type KoaContextWithOIDC } from "oidc-provider";
import { checkClientAllowed } from "./allowed-clients.ts";
import { findEndpoint } from "./resource.ts";

/** Who someone is, staying connected (which every client may), and ours. */
export const SUPPORTED_SCOPES = ["openid", "email", "profile", "offline_access", ...SCOPES];

/** Which claims each scope asks for (OpenID Connect Core §5.4). */
export const CLAIMS = { openid: ["sub"], email: ["email"], profile: ["name"] };

export function findAccount({ db }: { db: Database }) {
  return async function findAccount(_ctx: KoaContextWithOIDC, sub: string): Promise<Account | undefined> {
    const user = await findUser(db, sub);
    if (!user) return undefined;
    return { accountId: user.id, claims: () => ({ sub: user.id, email: user.email, name: user.name }) };
  };
}

/** Our own claims: the ids that neither a renamed org nor a moved endpoint changes, and what to revoke the token by. */
export function extraTokenClaims(deps: { db: Database; publicUrl: URL }) {
  return async function extraTokenClaims(ctx: KoaContextWithOIDC, token: { kind: string }) {
    const { accountId, aud, grantId } = token as AccessToken;
    if (!aud) return undefined;
    const endpoint = await findEndpoint(deps, aud as string, accountId!);
    if (!endpoint) throw new errors.InvalidGrant("the member may not use this endpoint any more");
    await checkClientAllowed(deps.db, endpoint.org.id, ctx.oidc.client!);
    return { org: endpoint.org.id, endpoint: endpoint.connector.id, grant: grantId };
  };
}
