import { Fault } from "@gatehouse/faults";
import { type Kysely, sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { isUniqueViolation, type OrgScope } from "./database.ts";
import type { Page } from "./page.ts";
import type { Role, Tables } from "./tables.ts";
import { takeTurn } from "./turns.ts";

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  createdAt: Date;
  expiresAt: Date;
}

export async function insertInvitation(
  org: OrgScope,
  invitation: { email: string; role: Role; tokenHash: Buffer; invitedBy: string; expiresAt: Date },
): Promise<string> {
  const id = uuidv7();
  const { email, role, tokenHash, invitedBy, expiresAt } = invitation;
  try {
    await org.db
      .insertInto("invitations")
      .values({
        ...{ id, org_id: org.id, email: email.toLowerCase(), role },
        ...{ token_hash: tokenHash, invited_by: invitedBy, expires_at: expiresAt },
      })
      .execute();
  } catch (error) {
    if (!isUniqueViolation(error, "invitations_email")) throw error;
    throw new Fault("conflict", `${email} is invited already. Send that invitation again, or withdraw it first`);
  }
  return id;
}

/** Newest first; those that have expired as well. */
export async function listInvitations(org: OrgScope, page?: Page): Promise<Invitation[]> {
  let query = org.db
    .selectFrom("invitations")
    .select(["id", "email", "role", "created_at as createdAt", "expires_at as expiresAt"])
    .where("org_id", "=", org.id)
    .orderBy("id", "desc");
  if (page) query = query.limit(page.limit);
  if (page?.after) query = query.where("id", "<", page.after);
  return query.execute();
}

/** Nobody else counts or adds any until the transaction ends. */
export async function countInvitations(org: OrgScope): Promise<number> {
  await takeTurn(org, "invitations");
  const { count } = await org.db
    .selectFrom("invitations")
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .where("org_id", "=", org.id)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Which of these addresses, in lower case, are invited; expired or not. */
export async function listInvited(org: OrgScope, emails: string[]): Promise<Set<string>> {
  const rows = await org.db
    .selectFrom("invitations")
    .select("email")
    .where("org_id", "=", org.id)
    .where("email", "=", sql<string>`any(${emails}::text[])`)
    .execute();
  return new Set(rows.map(({ email }) => email));
}

export async function findInvitation(org: OrgScope, id: string): Promise<Invitation | null> {
  const row = await org.db
    .selectFrom("invitations")
    .select(["id", "email", "role", "created_at as createdAt", "expires_at as expiresAt"])
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .executeTakeFirst();
  return row ?? null;
}

/** A new link takes the place of the old one, which is worth nothing from then on. */
export async function renewInvitation(
  org: OrgScope,
  { id, tokenHash, invitedBy, expiresAt }: { id: string; tokenHash: Buffer; invitedBy: string; expiresAt: Date },
): Promise<void> {
  await org.db
    .updateTable("invitations")
    .set({ token_hash: tokenHash, invited_by: invitedBy, expires_at: expiresAt })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

/** Of two that come at once, one is told `true`. */
export async function deleteInvitation(org: OrgScope, id: string): Promise<boolean> {
  const result = await org.db
    .deleteFrom("invitations")
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export interface InvitationByToken {
  id: string;
  email: string;
  role: Role;
  org: { id: string; slug: string; name: string };
  invitedBy: string;
  inviterId: string;
}

/** Takes no tenant: it finds one. `null` also for what has expired. As the authorization server's role. */
export async function findInvitationByToken(db: Kysely<Tables>, tokenHash: Buffer): Promise<InvitationByToken | null> {
  const row = await db
    .selectFrom("invitations as i")
    .innerJoin("orgs as o", "o.id", "i.org_id")
    .leftJoin("users as u", "u.id", "i.invited_by")
    .select(({ fn, ref }) => [
      "i.id",
      "i.email",
      "i.role",
      "o.id as orgId",
      "o.slug",
      "o.name",
      // A service account invites in its org's name.
      fn.coalesce(ref("u.email"), ref("o.name")).as("invitedBy"),
      "i.invited_by as inviterId",
    ])
    .where("i.token_hash", "=", tokenHash)
    .where("i.expires_at", ">", sql<Date>`now()`)
    .executeTakeFirst();
  if (!row) return null;
  const { orgId, slug, name, ...invitation } = row;
  return { ...invitation, org: { id: orgId, slug, name } };
}
