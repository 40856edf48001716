import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** Kills every token of a grant. Rows whose tokens have all expired by now go on this occasion. */
export async function insertRevocation(
  org: OrgScope,
  { grantId, expiresAt }: { grantId: string; expiresAt: Date },
): Promise<void> {
  await org.db
    .deleteFrom("revocations")
    .where("org_id", "=", org.id)
    .where("expires_at", "<", sql<Date>`now()`)
    .execute();
  await org.db
    .insertInto("revocations")
    .values({ org_id: org.id, grant_id: grantId, expires_at: expiresAt })
    .onConflict((conflict) => conflict.columns(["org_id", "grant_id"]).doUpdateSet({ expires_at: expiresAt }))
    .execute();
}

export async function listRevokedGrants(org: OrgScope): Promise<string[]> {
  const rows = await org.db
    .selectFrom("revocations")
    .select("grant_id")
    .where("org_id", "=", org.id)
    .where("expires_at", ">", sql<Date>`now()`)
    .execute();
  return rows.map((row) => row.grant_id);
}
