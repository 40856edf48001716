import { endBrowser, upsertBrowser } from "@gatehouse/store/browsers";
import type { Database } from "@gatehouse/store/database";
import { insertAuditInOrgsOf } from "@gatehouse/store/members";
import type { KoaContextWithOIDC, Session } from "oidc-provider";
import { sessionHashOf, storable } from "./browser-session.ts";

/** A person sees which browsers they are signed in with, and signing out of one ends the dashboard's session in it as well. */
export function rememberBrowser({ db }: { db: Database }) {
  return async function rememberBrowser(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    const session = ctx.oidc?.session as (Session & { destroyed?: boolean }) | undefined;
    if (!session?.accountId) return;
    const browser = { sessionHash: sessionHashOf(session), userId: session.accountId };
    if (session.destroyed) await recordEnd(db, browser);
    else await upsertBrowser(db, { ...browser, userAgent: storable(ctx.get("user-agent")) });
  };
}

async function recordEnd(db: Database, browser: { userId: string; sessionHash: Buffer }): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    if (!(await endBrowser(transaction, browser))) return;
    await insertAuditInOrgsOf(transaction, browser.userId, { event: "sign_out", outcome: "ok", entry: {} });
  });
}
