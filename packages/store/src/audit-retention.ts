import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// As `gatehouse_chain`, for all orgs.

export interface Retention {
  org: string;
  days: number;
}

/** Orgs that do not keep their rows for good. */
export function listRetentions(db: Kysely<Tables>): Promise<Retention[]> {
  return db
    .selectFrom("orgs")
    .select(["id as org", "audit_retention_days as days"])
    .where("audit_retention_days", "is not", null)
    .$narrowType<{ days: number }>()
    .execute();
}

/** The last row that has been kept long enough, with its place in the chain; `null` where none has. */
export async function findOutlived(
  db: Kysely<Tables>,
  { org, days }: Retention,
): Promise<{ seq: number; hash: string } | null> {
  const { rows } = await sql<{ seq: number; hash: string }>`
    select seq::float8 as seq, encode(hash, 'hex') as hash from audit_log
    where org_id = ${org} and id < audit_id_at(now() - make_interval(days => ${days}))
    order by id desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** The chain is known from after this row on. */
export async function saveRetained(db: Kysely<Tables>, end: { org: string; seq: number; hash: string }): Promise<void> {
  await db
    .updateTable("audit_chains")
    .set({ retained_seq: String(end.seq), retained_hash: Buffer.from(end.hash, "hex") })
    .where("org_id", "=", end.org)
    .execute();
}

/** Answers how many were deleted. */
export async function deleteRetained(
  db: Kysely<Tables>,
  { org, seq, countMax }: { org: string; seq: number; countMax: number },
): Promise<number> {
  const result = await sql`
    delete from audit_log where (org_id, id) in (
      select org_id, id from audit_log where org_id = ${org} and seq <= ${seq} order by seq limit ${countMax})`.execute(
    db,
  );
  return Number(result.numAffectedRows);
}

/** Of months that are over for a while. Somebody who reads keeps them: then another time. */
export async function dropEmptyMonths(db: Kysely<Tables>): Promise<void> {
  await sql`select drop_empty_audit_months(now() - interval '7 days')`.execute(db);
}
