import { DASHBOARD_CLIENT_ID } from "@gatehouse/oauth/dashboard-token";
import { SCOPES } from "@gatehouse/oauth/endpoint";
import type { Database } from "@gatehouse/store/database";
import { findUser } from "@gatehouse/store/users";
import { type AccessToken, type Account, errors, type KoaContextWithOIDC } from "oidc-provider";
import { checkClientAllowed } from "./allowed-clients.ts";
import { sessionHashOf } from "./browser-session.ts";
import { findEndpoint } from "./resource.ts";

/** Who someone is, staying connected (which every client may), and ours. */
export const SUPPORTED_SCOPES = ["openid", "email", "profile", "offline_access", ...SCOPES];

/** Which claims each scope asks for (OpenID Connect Core §5.4). */
export const CLAIMS = { openid: ["sub", "browser_session"], email: ["email"], profile: ["name"] };

export function findAccount({ db }: { db: Database }) {
  return async function findAccount(
    ctx: KoaContextWithOIDC,
    sub: string,
    token?: unknown,
  ): Promise<Account | undefined> {
    const user = await findUser(db, sub);
    if (!user) return undefined;
    const who = { sub: user.id, email: user.email, name: user.name };
    return {
      accountId: user.id,
      claims: (use) => (use === "id_token" ? { ...who, ...browserClaim(ctx, token) } : who),
    };
  };
}

/** What the dashboard's own session is to end with; no other client's affair. */
function browserClaim(ctx: KoaContextWithOIDC, token: unknown): { browser_session?: string } {
  const { sessionUid } = (token ?? {}) as { sessionUid?: string };
  if (!sessionUid || ctx.oidc.client?.clientId !== DASHBOARD_CLIENT_ID) return {};
  return { browser_session: sessionHashOf({ uid: sessionUid }).toString("base64url") };
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
