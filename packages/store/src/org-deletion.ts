import { type Kysely, sql } from "kysely";
import { deleteMembersCredentials } from "./credentials.ts";
import type { OrgScope } from "./database.ts";
import type { Tables } from "./tables.ts";

/** Nobody is admitted from now on, and members' links are ended, here and upstream. `false` where it was deleted before. */
export async function markDeleted(org: OrgScope): Promise<boolean> {
  const result = await org.db
    .updateTable("orgs")
    .set({ deleted_at: sql<Date>`now()`, suspended_at: sql<Date>`coalesce(suspended_at, now())` })
    .where("id", "=", org.id)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  await deleteMembersCredentials(org);
  return result.numUpdatedRows > 0n;
}

/** Takes no tenant: those deleted whose upstreams have been told, or had the time for it. As the dashboard's role. */
export async function listOrgsToDestroy(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select orgs_to_destroy() as id`.execute(db);
  return rows.map(({ id }) => id);
}

export async function markDestroyed(org: OrgScope): Promise<void> {
  await org.db.updateTable("orgs").set({ destroyed_at: new Date() }).where("id", "=", org.id).execute();
}
