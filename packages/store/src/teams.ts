import { Fault } from "@gatehouse/faults";
import { sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { isUniqueViolation, type OrgScope } from "./database.ts";
import type { Page } from "./page.ts";

export interface Team {
  id: string;
  name: string;
  /** How many are in it. */
  members: number;
}

/** By name. */
export async function listTeams(org: OrgScope, page?: Page): Promise<Team[]> {
  let query = org.db
    .selectFrom("teams as t")
    .leftJoin("team_members as m", "m.team_id", "t.id")
    .select(["t.id", "t.name", sql<number>`count(m.user_id)::int`.as("members")])
    .where("t.org_id", "=", org.id)
    .groupBy(["t.id", "t.name"])
    .orderBy(sql`lower(t.name)`)
    .orderBy("t.id");
  if (page) query = query.limit(page.limit);
  if (page?.after)
    query = query.where(
      sql<boolean>`(lower(t.name), t.id) > (select lower(name), id from teams where org_id = ${org.id} and id = ${page.after})`,
    );
  return query.execute();
}

/** Throws `conflict` where the org has a team of this name. */
export async function insertTeam(org: OrgScope, name: string): Promise<string> {
  const id = uuidv7();
  try {
    await org.db.insertInto("teams").values({ id, org_id: org.id, name }).execute();
  } catch (error) {
    if (!isUniqueViolation(error, "teams_name")) throw error;
    const problem = `There is a team called ${name} already`;
    throw new Fault("conflict", problem, { data: { fields: { name: problem } } });
  }
  return id;
}

/** `false` when the org has no such team. */
export async function deleteTeam(org: OrgScope, id: string): Promise<boolean> {
  const result = await org.db.deleteFrom("teams").where("org_id", "=", org.id).where("id", "=", id).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** `null` when the org has no such team. */
export async function findTeam(org: OrgScope, id: string): Promise<Team | null> {
  const row = await org.db
    .selectFrom("teams as t")
    .leftJoin("team_members as m", "m.team_id", "t.id")
    .select(["t.id", "t.name", sql<number>`count(m.user_id)::int`.as("members")])
    .where("t.org_id", "=", org.id)
    .where("t.id", "=", id)
    .groupBy(["t.id", "t.name"])
    .executeTakeFirst();
  return row ?? null;
}

/** Answers the addresses of those who were not in it. Whoever is not a member of the org is left out. */
export async function addTeamMembers(org: OrgScope, teamId: string, userIds: string[]): Promise<string[]> {
  const { rows } = await sql<{ email: string }>`
    with added as (
      insert into team_members (org_id, team_id, user_id)
      select org_id, ${teamId}, user_id from memberships where org_id = ${org.id} and user_id = any(${userIds}::uuid[])
      on conflict do nothing returning user_id)
    select u.email from added a join users u on u.id = a.user_id order by u.email`.execute(org.db);
  return rows.map(({ email }) => email);
}

/** Answers their address; `null` for one who is not in it. */
export async function removeTeamMember(
  org: OrgScope,
  { teamId, userId }: { teamId: string; userId: string },
): Promise<string | null> {
  const { rows } = await sql<{ email: string }>`
    with gone as (
      delete from team_members where org_id = ${org.id} and team_id = ${teamId} and user_id = ${userId}
      returning user_id)
    select u.email from gone g join users u on u.id = g.user_id`.execute(org.db);
  return rows[0]?.email ?? null;
}

/** Whose teams there are, by member. */
export async function listTeamsOfMembers(org: OrgScope): Promise<Map<string, Set<string>>> {
  const rows = await org.db
    .selectFrom("team_members")
    .select(["team_id", "user_id"])
    .where("org_id", "=", org.id)
    .execute();
  const grouped = Map.groupBy(rows, ({ user_id }) => user_id);
  return new Map([...grouped].map(([userId, teams]) => [userId, new Set(teams.map(({ team_id }) => team_id))]));
}

/** The ids of the teams that a member is in. */
export async function listTeamsOfMember(org: OrgScope, userId: string): Promise<Set<string>> {
  const rows = await org.db
    .selectFrom("team_members")
    .select("team_id")
    .where("org_id", "=", org.id)
    .where("user_id", "=", userId)
    .execute();
  return new Set(rows.map(({ team_id }) => team_id));
}

export interface MemberFacts {
  email: string;
  name: string;
}

/** As the gateway's role, which may read nothing else of a user. */
export async function listMemberFacts(org: OrgScope): Promise<Map<string, MemberFacts>> {
  const { rows } = await sql<MemberFacts & { userId: string }>`
    select user_id as "userId", email, name from member_facts()
  `.execute(org.db);
  return new Map(rows.map(({ userId, ...facts }) => [userId, facts]));
}
