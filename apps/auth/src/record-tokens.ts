import { hash } from "node:crypto";
import { insertAudit } from "@gatehouse/store/audit";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { consumeOidcRecord } from "@gatehouse/store/oidc-records";
import { tokenRefreshes } from "@gatehouse/telemetry/events";
import type { KoaContextWithOIDC } from "oidc-provider";
import { type RevokeDeps, revokeGrant } from "./grants.ts";

/**
 * No token leaves before its code is used up and the org's audit tells of it, both in one transaction. Of several that race
 * with one code, one may get this far; for the others it is a code that was used before.
 */
export function recordTokens(deps: RevokeDeps) {
  return async function recordTokens(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    countRefresh(ctx);
    if (ctx.oidc?.route !== "token" || ctx.status !== 200) return;
    const { AuthorizationCode: code, AccessToken: token } = ctx.oidc.entities;
    const { org } = (token?.extra ?? {}) as { org?: string };
    const isFirst = org
      ? await withOrg(deps.db, org, async (scope) => (await useUp(scope.db, code)) && record(scope, ctx))
      : await useUp(deps.db, code);
    if (isFirst) return;
    await revokeGrant(deps, code!.grantId!, "code_reused");
    ctx.status = 400;
    ctx.body = { error: "invalid_grant", error_description: "authorization code already consumed" };
  };
}

function countRefresh({ oidc, status }: KoaContextWithOIDC): void {
  if (oidc?.route !== "token" || oidc.params?.grant_type !== "refresh_token") return;
  tokenRefreshes.add(1, status === 200 ? "ok" : "failed");
}

/** `true` also where it is a refresh, and there is no code. */
async function useUp(db: Database | OrgScope["db"], code: { jti: string } | undefined): Promise<boolean> {
  if (!code) return true;
  return consumeOidcRecord(db, { model: "AuthorizationCode", idHash: hash("sha256", code.jti, "buffer") }, 0);
}

async function record(scope: OrgScope, { oidc }: KoaContextWithOIDC): Promise<true> {
  const token = oidc.entities.AccessToken!;
  const { endpoint, grant } = token.extra as { endpoint: string; grant: string };
  await insertAudit(scope, {
    event: oidc.entities.AuthorizationCode ? "token.issued" : "token.refreshed",
    outcome: "ok",
    userId: token.accountId ?? null,
    connectorId: endpoint,
    entry: { client: token.clientId, grant, scope: token.scope },
  });
  return true;
}
