import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** Since when nobody calls, connects or refreshes at the org's endpoints; `null` where everybody does who may. */
export async function findSuspension(org: OrgScope): Promise<Date | null> {
  const row = await org.db
    .selectFrom("orgs")
    .select("suspended_at as suspendedAt")
    .where("id", "=", org.id)
    .executeTakeFirst();
  return row?.suspendedAt ?? null;
}

/** `false` where it was suspended already. As the authorization server's role. */
export async function suspendOrg(org: OrgScope): Promise<boolean> {
  const result = await org.db
    .updateTable("orgs")
    .set({ suspended_at: sql<Date>`now()` })
    .where("id", "=", org.id)
    .where("suspended_at", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** `false` where it was not suspended. As the authorization server's role. */
export async function resumeOrg(org: OrgScope): Promise<boolean> {
  const result = await org.db
    .updateTable("orgs")
    .set({ suspended_at: null })
    .where("id", "=", org.id)
    .where("suspended_at", "is not", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
