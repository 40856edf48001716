import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** A place in the order of commits; `null` before anything was read. */
export type ChangeCursor = string | null;

/** What has changed: orgs, and members whose credentials have, and nothing else of theirs. */
export interface Changes {
  orgIds: string[];
  members: { orgId: string; userId: string }[];
  cursor: ChangeCursor;
}

/**
 * Takes no tenant: what has changed since `cursor`, and where to read on. A transaction that was open at the time of the
 * last look and has committed since is not missed: the cursor is the oldest one still open then, so a change may be told
 * twice. Uses the index on `xid`.
 */
export async function listChanges(db: Kysely<Tables>, cursor: ChangeCursor): Promise<Changes> {
  const { rows } = await sql<{ orgIds: string[] | null; members: Changes["members"] | null; next: string }>`
    with seen as (select distinct org_id, user_id from changes where xid >= ${cursor}::text::xid8)
    select pg_snapshot_xmin(pg_current_snapshot())::text as next,
      (select array_agg(org_id) from seen where user_id is null) as "orgIds",
      (select json_agg(json_build_object('orgId', org_id, 'userId', user_id)) from seen where user_id is not null) as members
  `.execute(db);
  const { orgIds, members, next } = rows[0]!;
  return { orgIds: orgIds ?? [], members: members ?? [], cursor: next };
}

/** Takes no tenant. Readers look every moment: what is an hour old has been seen by all of them. */
export async function deleteOldChanges(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom("changes").where("at", "<", sql<Date>`now() - interval '1 hour'`).execute();
}
