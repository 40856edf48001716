import type { OrgScope } from "./database.ts";
import type { KeptArguments } from "./tables.ts";

export interface AuditSettings {
  /** What is kept of calls' arguments. */
  arguments: KeptArguments;
  /** For how long rows are kept; `null` is for good. */
  retentionDays: number | null;
}

export function findAuditSettings(org: OrgScope): Promise<AuditSettings> {
  return org.db
    .selectFrom("orgs")
    .select(["audit_arguments as arguments", "audit_retention_days as retentionDays"])
    .where("id", "=", org.id)
    .executeTakeFirstOrThrow();
}

export async function updateAuditSettings(org: OrgScope, settings: AuditSettings): Promise<void> {
  await org.db
    .updateTable("orgs")
    .set({ audit_arguments: settings.arguments, audit_retention_days: settings.retentionDays })
    .where("id", "=", org.id)
    .execute();
}
