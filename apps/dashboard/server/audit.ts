import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { Hono } from "hono";
import { z } from "zod";
import type { Deps } from "./dashboard.ts";
import { query } from "./fields.ts";
import { type InOrg, requirePermission } from "./membership.ts";

const Page = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** The id of the last entry that was seen. */
  before: z.uuid().optional(),
  event: z
    .string()
    .regex(/^[a-z._]{1,64}$/, "An event is named by lower-case letters, dots and underscores")
    .optional(),
});

/** `/api/orgs/:org/audit` */
export function audit({ db }: Deps) {
  return new Hono<InOrg>().get(
    "/",
    requirePermission("read the audit log"),
    query(Page),
    async function listEntries(c) {
      const { limit, ...page } = c.req.valid("query");
      const { org } = c.var.membership;
      const rows = await withOrg(db, org.id, (scope) => listAudit(scope, { ...page, limit: limit + 1 }));
      const entries = rows.slice(0, limit).map(({ id, at, event, outcome, connectorName, entry, ...who }) => ({
        id,
        at: at.toISOString(),
        event,
        outcome,
        user: who.userEmail ?? who.serviceAccountName,
        connector: connectorName,
        entry: entry as AuditDetails,
      }));
      return c.json({ entries, next: rows.length > limit ? entries.at(-1)!.id : null });
    },
  );
}

/** What an entry may say; each event has some of it. A write is told twice, before it is sent and after, under one `call`. */
export interface AuditDetails {
  method?: string;
  tool?: string;
  client?: string;
  /** Of the static token that was called with. */
  token_name?: string;
  duration_ms?: number;
  trace_id?: string;
  phase?: "whole" | "intent" | "outcome";
  call?: string;
}
