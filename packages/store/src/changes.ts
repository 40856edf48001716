import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** A place in the order of commits; `null` before anything was read. */
export type ChangeCursor = string | null;

/**
 * Takes no tenant: which orgs have changed since `cursor`, and where to read on. A transaction that was open at the time
 * of the last look and has committed since is not missed: the cursor is the oldest one still open then, so a change may
 * be told twice. Uses the index on `xid`.
 */
export async function listChangedOrgs(
  db: Kysely<Tables>,
  cursor: ChangeCursor,
): Promise<{ orgIds: string[]; cursor: ChangeCursor }> {
  const { rows } = await sql<{ orgIds: string[] | null; next: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as next,
      (select array_agg(distinct org_id) from changes where xid >= ${cursor}::text::xid8) as "orgIds"
  `.execute(db);
  const row = rows[0]!;
  return { orgIds: row.orgIds ?? [], cursor: row.next };
}

/** Takes no tenant. Readers look every moment: what is an hour old has been seen by all of them. */
export async function deleteOldChanges(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom("changes").where("at", "<", sql<Date>`now() - interval '1 hour'`).execute();
}
