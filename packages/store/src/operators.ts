import { type Kysely, sql, type Transaction } from "kysely";
import { type AuditRow, insertAudit, NO_ORG } from "./audit.ts";
import type { OrgScope } from "./database.ts";
import type { Tables } from "./tables.ts";

// Operators run the deployment, and belong to no org by that. These functions take no tenant.

export interface Operator {
  userId: string;
  email: string;
  addedAt: Date;
}

export async function isOperator(db: Kysely<Tables>, userId: string): Promise<boolean> {
  const row = await db.selectFrom("operators").select("user_id").where("user_id", "=", userId).executeTakeFirst();
  return row !== undefined;
}

/** By their email. */
export function listOperators(db: Kysely<Tables>): Promise<Operator[]> {
  return db
    .selectFrom("operators as o")
    .innerJoin("users as u", "u.id", "o.user_id")
    .select(["o.user_id as userId", "u.email", "o.added_at as addedAt"])
    .orderBy("u.email")
    .execute();
}

/** `false` for who is one already. As the authorization server's role. */
export async function insertOperator(db: Kysely<Tables>, userId: string): Promise<boolean> {
  const result = await db
    .insertInto("operators")
    .values({ user_id: userId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** `false` for who is none. As the authorization server's role. */
export async function deleteOperator(db: Kysely<Tables>, userId: string): Promise<boolean> {
  const result = await db.deleteFrom("operators").where("user_id", "=", userId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/**
 * What an operator did to an org stands in its own log, as the operators', and in the deployment's, with whose it was. Nothing of an
 * org can be read or written after it in the same transaction.
 */
export async function insertOperatorAct(
  org: OrgScope,
  { event, entry, slug, userId }: Pick<AuditRow, "event"> & { entry: object; slug: string; userId?: string },
): Promise<void> {
  await insertAudit(org, { event, outcome: "ok", entry: { by: "operator", ...entry } });
  await insertPlatformAudit(org.db, { event, ...(userId ? { userId } : {}), entry: { org: slug, ...entry } });
}

/** A row of the deployment's own log. Nothing of an org can be read or written after it in the same transaction. */
export async function insertPlatformAudit(
  db: Transaction<Tables>,
  row: Pick<AuditRow, "event" | "entry"> & Partial<Pick<AuditRow, "userId">>,
): Promise<void> {
  await sql`select set_config('app.org_id', ${NO_ORG}, true)`.execute(db);
  await insertAudit({ id: NO_ORG, db }, { outcome: "ok", ...row });
}
