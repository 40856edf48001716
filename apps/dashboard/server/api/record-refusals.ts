import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type Database, withOrg } from "@gatehouse/store/database";
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import type { InOrg } from "./membership.ts";

const EVERY_MS = 60_000;

/** What a role or a token's scope does not allow is in the org's log: each caller's attempt at each route, once a minute. */
export function recordRefusals({ db }: { db: Database }) {
  const recorded = openRecent();
  return createMiddleware<InOrg>(async function recordRefusals(c, next) {
    await next();
    const { error } = c;
    if (!(error instanceof Fault && (error.code === "forbidden" || error.code === "insufficient_scope"))) return;
    const { membership, session, bearer } = c.var;
    const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL");
    const what = `${c.req.method} ${route?.path ?? ""}`;
    if (!recorded.isNew([membership.org.id, session.user.id, bearer?.id, what].join(" "))) return;
    const entry = { route: what, role: membership.role, error: error.message };
    await withOrg(db, membership.org.id, (scope) =>
      insertAudit(scope, { event: "api.refused", outcome: error.code, userId: session.user.id, entry }),
    );
  });
}

/** The oldest stand first, and go first. */
function openRecent() {
  const at = new Map<string, number>();
  return {
    isNew(key: string): boolean {
      const now = performance.now();
      for (const [old, since] of at) {
        if (now - since < EVERY_MS) break;
        at.delete(old);
      }
      if (at.has(key)) return false;
      at.set(key, now);
      return true;
    },
  };
}
