import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** Who changed something last. */
export interface LastChange {
  /** An email address, or the name of a service account; `null` where they are gone. */
  by: string | null;
  at: Date;
}

/** `path` is where it is shown. `null` where nobody has changed it so far. */
export async function findLastChange(org: OrgScope, path: string): Promise<LastChange | null> {
  const { rows } = await sql<LastChange>`
    select coalesce(u.email, s.name) as by, c.changed_at as at
    from resource_changes c
    left join users u on u.id = c.changed_by
    left join service_accounts s on s.org_id = c.org_id and s.id = c.changed_by
    where c.org_id = ${org.id} and c.path = ${path} and c.changed_at is not null`.execute(org.db);
  return rows[0] ?? null;
}

/** `false` while somebody else's change of it is under way, for two minutes at most. */
export async function beginChange(org: OrgScope, path: string): Promise<boolean> {
  const { rows } = await sql`
    insert into resource_changes as c (org_id, path, busy_until)
    values (${org.id}, ${path}, now() + interval '2 minutes')
    on conflict (org_id, path) do update set busy_until = excluded.busy_until
      where c.busy_until is null or c.busy_until < now()
    returning path`.execute(org.db);
  return rows.length > 0;
}

/** It takes longer. */
export async function prolongChange(org: OrgScope, path: string): Promise<void> {
  await sql`update resource_changes set busy_until = now() + interval '2 minutes'
    where org_id = ${org.id} and path = ${path}`.execute(org.db);
}

/** Of what nobody has changed, nothing stays. */
export async function abandonChange(org: OrgScope, path: string): Promise<void> {
  await sql`delete from resource_changes where org_id = ${org.id} and path = ${path} and changed_at is null`.execute(
    org.db,
  );
  await org.db
    .updateTable("resource_changes")
    .set({ busy_until: null })
    .where("org_id", "=", org.id)
    .where("path", "=", path)
    .execute();
}

/** Whether or not it was begun. */
export async function noteChange(org: OrgScope, path: string, by: string): Promise<void> {
  const change = { changed_by: by, changed_at: new Date(), busy_until: null };
  await org.db
    .insertInto("resource_changes")
    .values({ org_id: org.id, path, ...change })
    .onConflict((conflict) => conflict.columns(["org_id", "path"]).doUpdateSet(change))
    .execute();
}
