import { sql, type Transaction } from "kysely";
import { type AuditRow, insertAudit } from "./audit.ts";
import type { OrgScope } from "./database.ts";
import { within } from "./page.ts";
import type { Role, Tables } from "./tables.ts";
import { takeTurn } from "./turns.ts";

export interface Member {
  userId: string;
  email: string;
  name: string;
  role: Role;
  joinedAt: Date;
}

/** By name. */
export async function listPeople(org: OrgScope): Promise<Member[]> {
  return org.db
    .selectFrom("memberships as m")
    .innerJoin("users as u", "u.id", "m.user_id")
    .select(["u.id as userId", "u.email", "u.name", "m.role", "m.created_at as joinedAt"])
    .where("m.org_id", "=", org.id)
    .orderBy(sql`lower(u.name)`)
    .execute();
}

export interface MemberPage {
  /** In a name or an address. */
  search?: string | undefined;
  /** The id of the last one that was seen. */
  after?: string | undefined;
  limit: number;
  /** Of this team alone. */
  teamId?: string | undefined;
}

/** By name. */
export function pageMembers(org: OrgScope, { search, after, limit, teamId }: MemberPage): Promise<Member[]> {
  const conditions = [sql<boolean>`m.org_id = ${org.id}`];
  if (search) conditions.push(sql`(u.name ilike ${within(search)} or u.email ilike ${within(search)})`);
  if (teamId) {
    conditions.push(sql`exists (select from team_members t
      where t.org_id = ${org.id} and t.team_id = ${teamId} and t.user_id = m.user_id)`);
  }
  if (after) {
    conditions.push(sql`(lower(u.name), u.id) > (select lower(name), id from users
      where id = ${after} and exists (select from memberships where org_id = ${org.id} and user_id = ${after}))`);
  }
  return org.db
    .selectFrom("memberships as m")
    .innerJoin("users as u", "u.id", "m.user_id")
    .select(["u.id as userId", "u.email", "u.name", "m.role", "m.created_at as joinedAt"])
    .where(sql.join<boolean>(conditions, sql` and `))
    .orderBy(sql`lower(u.name)`)
    .orderBy("u.id")
    .limit(limit)
    .execute();
}

/** `null` for someone who is not a member. */
export async function findMember(org: OrgScope, userId: string): Promise<Member | null> {
  const row = await org.db
    .selectFrom("memberships as m")
    .innerJoin("users as u", "u.id", "m.user_id")
    .select(["u.id as userId", "u.email", "u.name", "m.role", "m.created_at as joinedAt"])
    .where("m.org_id", "=", org.id)
    .where("m.user_id", "=", userId)
    .executeTakeFirst();
  return row ?? null;
}

/** As `findMember`; nobody else gives a role, or takes one away, until the transaction ends. */
export async function lockMember(org: OrgScope, userId: string): Promise<Member | null> {
  await takeTurn(org, "members");
  return findMember(org, userId);
}

/** Which of these addresses, in lower case, are members'. */
export async function listMembersAmong(org: OrgScope, emails: string[]): Promise<Set<string>> {
  const rows = await org.db
    .selectFrom("memberships as m")
    .innerJoin("users as u", "u.id", "m.user_id")
    .select("u.email")
    .where("m.org_id", "=", org.id)
    .where("u.email", "=", sql<string>`any(${emails}::text[])`)
    .execute();
  return new Set(rows.map(({ email }) => email));
}

/** Whoever asks is told in turn, so that two owners cannot each be the other's remaining one. */
export async function lockOwners(org: OrgScope): Promise<string[]> {
  const rows = await org.db
    .selectFrom("memberships")
    .select("user_id")
    .where("org_id", "=", org.id)
    .where("role", "=", "owner")
    .orderBy("user_id")
    .forUpdate()
    .execute();
  return rows.map((row) => row.user_id);
}

export async function updateRole(org: OrgScope, { userId, role }: { userId: string; role: Role }): Promise<void> {
  await org.db
    .updateTable("memberships")
    .set({ role })
    .where("org_id", "=", org.id)
    .where("user_id", "=", userId)
    .execute();
}

/** `false` where there was none. The gateway's snapshot no longer has them from then on. */
export async function removeMember(org: OrgScope, userId: string): Promise<boolean> {
  const result = await org.db
    .deleteFrom("memberships")
    .where("org_id", "=", org.id)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** What a person does for all their orgs at once stands in the audit of each. In the transaction that it is part of. */
export async function insertAuditInOrgsOf(
  transaction: Transaction<Tables>,
  userId: string,
  row: Pick<AuditRow, "event" | "outcome" | "entry">,
): Promise<void> {
  await sql`select set_config('app.user_id', ${userId}, true)`.execute(transaction);
  const memberships = await transaction
    .selectFrom("memberships")
    .select("org_id as id")
    .where("user_id", "=", userId)
    .execute();
  for (const { id } of memberships) {
    await sql`select set_config('app.org_id', ${id}, true)`.execute(transaction);
    await insertAudit({ id, db: transaction }, { ...row, userId });
  }
}

/** Takes no tenant: whether this person owns any org. */
export async function ownsAnOrg(transaction: Transaction<Tables>, userId: string): Promise<boolean> {
  await sql`select set_config('app.user_id', ${userId}, true)`.execute(transaction);
  const row = await transaction
    .selectFrom("memberships")
    .select("org_id")
    .where("user_id", "=", userId)
    .where("role", "=", "owner")
    .executeTakeFirst();
  return row !== undefined;
}
