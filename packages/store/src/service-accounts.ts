import { Fault } from "@gatehouse/faults";
import { sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { isUniqueViolation, type OrgScope } from "./database.ts";
import type { Page } from "./page.ts";
import type { ServiceAccountRole } from "./tables.ts";

/** Belongs to its org, and acts as itself. */
export interface ServiceAccount {
  id: string;
  name: string;
  role: ServiceAccountRole;
  createdAt: Date;
  /** Since when none of its tokens opens anything; `null` where they do. */
  suspendedAt: Date | null;
}

const COLUMNS = ["id", "name", "role", "created_at as createdAt", "suspended_at as suspendedAt"] as const;

export async function insertServiceAccount(
  org: OrgScope,
  { name, role, createdBy }: { name: string; role: ServiceAccountRole; createdBy: string },
): Promise<ServiceAccount> {
  try {
    return await org.db
      .insertInto("service_accounts")
      .values({
        id: uuidv7(),
        org_id: org.id,
        name,
        role,
        created_by: createdBy,
        suspended_at: null,
        archived_at: null,
      })
      .returning(COLUMNS)
      .executeTakeFirstOrThrow();
  } catch (error) {
    if (!isUniqueViolation(error, "service_accounts_name")) throw error;
    const problem = `There is a service account named “${name}” already`;
    throw new Fault("conflict", problem, { data: { fields: { name: problem } } });
  }
}

/** By name. */
export function listServiceAccounts(org: OrgScope, page?: Page): Promise<ServiceAccount[]> {
  let query = org.db
    .selectFrom("service_accounts")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("archived_at", "is", null)
    .orderBy(sql`lower(name)`);
  if (page) query = query.limit(page.limit);
  if (page?.after)
    query = query.where(
      sql<boolean>`lower(name) > (select lower(name) from service_accounts where org_id = ${org.id} and id = ${page.after})`,
    );
  return query.execute();
}

/** `null` for who is none of the org's, or is suspended. */
export async function findServiceAccountRole(org: OrgScope, id: string): Promise<ServiceAccountRole | null> {
  const row = await org.db
    .selectFrom("service_accounts")
    .select("role")
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("suspended_at", "is", null)
    .where("archived_at", "is", null)
    .executeTakeFirst();
  return row?.role ?? null;
}

/** Keeps it as it is until the transaction ends. `null` where there is none. */
export async function lockServiceAccount(org: OrgScope, id: string): Promise<ServiceAccount | null> {
  const row = await org.db
    .selectFrom("service_accounts")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("archived_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export async function suspendServiceAccount(org: OrgScope, id: string, suspended: boolean): Promise<void> {
  await org.db
    .updateTable("service_accounts")
    .set({ suspended_at: suspended ? sql<Date>`now()` : null })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

/** Nothing that it had opens anything any more; its name stays, for the audit log. */
export async function archiveServiceAccount(org: OrgScope, id: string): Promise<void> {
  await org.db.deleteFrom("static_tokens").where("org_id", "=", org.id).where("service_account_id", "=", id).execute();
  await org.db
    .updateTable("service_accounts")
    .set({ archived_at: sql<Date>`now()` })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}
