import { insertAudit } from "@gatehouse/store/audit";
import { type Database, withOrg } from "@gatehouse/store/database";
import type { KoaContextWithOIDC } from "oidc-provider";

/** No token leaves before the org's audit tells of it. */
export function recordTokens({ db }: { db: Database }) {
  return async function recordTokens(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    const token = ctx.oidc?.entities.AccessToken;
    if (ctx.oidc?.route !== "token" || ctx.status !== 200 || !token?.extra) return;
    const { org, endpoint, grant } = token.extra as { org: string; endpoint: string; grant: string };
    const refreshed = ctx.oidc.params?.grant_type === "refresh_token";
    await withOrg(db, org, (scope) =>
      insertAudit(scope, {
        event: refreshed ? "token.refreshed" : "token.issued",
        outcome: "ok",
        userId: token.accountId ?? null,
        connectorId: endpoint,
        entry: { client_id: token.clientId, grant, scope: token.scope },
      }),
    );
  };
}
