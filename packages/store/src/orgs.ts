import { Fault } from "@gatehouse/faults";
import type { Kysely } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { isUniqueViolation, type OrgScope, withMember, withOrg } from "./database.ts";
import type { Role, Tables } from "./tables.ts";

export interface Org {
  id: string;
  slug: string;
  name: string;
}

export interface Membership {
  org: Org;
  role: Role;
}

/** The first segment of our own addresses, which no org may take. */
const RESERVED_SLUGS = new Set(
  "account api assets auth callback connect dashboard docs favicon health interaction livez login logout metrics oauth platform readyz sign-in static well-known www".split(
    " ",
  ),
);

export const SLUG = /^[a-z0-9](-?[a-z0-9]){1,38}$/;

/** What is wrong with a slug, in words, or `null` where nothing is. */
export function slugProblem(slug: string): string | null {
  if (!SLUG.test(slug))
    return "Use 2 to 39 lower-case letters, digits and single hyphens, with a letter or digit at both ends";
  if (RESERVED_SLUGS.has(slug)) return `“${slug}” is reserved; choose another`;
  return null;
}

/**
 * Takes no tenant: there is none yet. As the database's owner, or a role that may insert orgs. What `furnish` does, such
 * as making the first member, is part of the same transaction.
 */
export async function insertOrg(
  db: Kysely<Tables>,
  { slug, name }: { slug: string; name: string },
  furnish: (org: OrgScope) => Promise<void> = async () => {},
): Promise<Org> {
  const problem = slugProblem(slug);
  if (problem) throw new Fault("invalid_fields", problem, { data: { fields: { slug: problem } } });
  const org = { id: uuidv7(), slug, name };
  try {
    await withOrg(db, org.id, async (scope) => {
      await scope.db.insertInto("orgs").values(org).execute();
      await furnish(scope);
    });
  } catch (error) {
    if (isUniqueViolation(error, "orgs_slug")) throw new Fault("conflict", `The org “${slug}” exists already`);
    throw error;
  }
  return org;
}

/** Takes no tenant: it finds one. For the authorization server, which is given a slug by a client. */
export async function findOrgBySlug(db: Kysely<Tables>, slug: string): Promise<Org | null> {
  const row = await db.selectFrom("orgs").select(["id", "slug", "name"]).where("slug", "=", slug).executeTakeFirst();
  return row ?? null;
}

/** Takes no tenant: whether there is any yet. As the authorization server's role, which sees them all. */
export async function hasOrgs(db: Kysely<Tables>): Promise<boolean> {
  return (await db.selectFrom("orgs").select("id").limit(1).executeTakeFirst()) !== undefined;
}

export async function findOrg(org: OrgScope): Promise<Org | null> {
  const row = await org.db
    .selectFrom("orgs")
    .select(["id", "slug", "name"])
    .where("id", "=", org.id)
    .executeTakeFirst();
  return row ?? null;
}

export async function updateOrgName(org: OrgScope, name: string): Promise<void> {
  await org.db.updateTable("orgs").set({ name }).where("id", "=", org.id).execute();
}

/** Takes no tenant: a person's orgs that are not deleted, by name, with the role they have in each. As the dashboard's role. */
export function listMembershipsOfUser(db: Kysely<Tables>, userId: string): Promise<Membership[]> {
  return withMember(db, userId, async (transaction) => {
    const rows = await transaction
      .selectFrom("memberships as m")
      .innerJoin("orgs as o", "o.id", "m.org_id")
      .select(["o.id", "o.slug", "o.name", "m.role"])
      .where("m.user_id", "=", userId)
      .where("o.deleted_at", "is", null)
      .orderBy("o.name")
      .execute();
    return rows.map(({ role, ...org }) => ({ org, role }));
  });
}

/** Takes no tenant: it finds one. `null` where there is no such org, and also where this person is not a member of it. */
export function findMembershipBySlug(
  db: Kysely<Tables>,
  { userId, slug }: { userId: string; slug: string },
): Promise<Membership | null> {
  return withMember(db, userId, async (transaction) => {
    const row = await transaction
      .selectFrom("memberships as m")
      .innerJoin("orgs as o", "o.id", "m.org_id")
      .select(["o.id", "o.slug", "o.name", "m.role"])
      .where("m.user_id", "=", userId)
      .where("o.slug", "=", slug)
      .where("o.deleted_at", "is", null)
      .executeTakeFirst();
    if (!row) return null;
    const { role, ...org } = row;
    return { org, role };
  });
}

export async function insertMembership(org: OrgScope, { userId, role }: { userId: string; role: Role }): Promise<void> {
  await org.db.insertInto("memberships").values({ org_id: org.id, user_id: userId, role }).execute();
}

/** `null` for someone who is not a member. */
export async function findRole(org: OrgScope, userId: string): Promise<Role | null> {
  const row = await org.db
    .selectFrom("memberships")
    .select("role")
    .where("org_id", "=", org.id)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row?.role ?? null;
}

export async function listMembers(org: OrgScope): Promise<{ userId: string; role: Role }[]> {
  return org.db.selectFrom("memberships").select(["user_id as userId", "role"]).where("org_id", "=", org.id).execute();
}
