import { type Kysely, sql } from "kysely";
import type { LinkPurpose, Tables } from "./tables.ts";

// Mailed links belong to people, who may be in several orgs: no tenant.

export interface MailedLink {
  email: string;
  userId: string | null;
}

export interface MailedLinkKey {
  purpose: LinkPurpose;
  /** SHA-256 of what the link holds, which is stored nowhere. */
  tokenHash: Buffer;
}

export async function insertMailedLink(
  db: Kysely<Tables>,
  { purpose, tokenHash, email, userId, expiresAt }: MailedLinkKey & MailedLink & { expiresAt: Date },
): Promise<void> {
  await db
    .insertInto("mailed_links")
    .values({ purpose, token_hash: tokenHash, email: email.toLowerCase(), user_id: userId, expires_at: expiresAt })
    .execute();
}

/** `null` also for what has expired, was used, or is for another purpose. */
export async function findMailedLink(
  db: Kysely<Tables>,
  { purpose, tokenHash }: MailedLinkKey,
): Promise<MailedLink | null> {
  const row = await db
    .selectFrom("mailed_links")
    .select(["email", "user_id as userId"])
    .where("token_hash", "=", tokenHash)
    .where("purpose", "=", purpose)
    .where("expires_at", ">", sql<Date>`now()`)
    .executeTakeFirst();
  return row ?? null;
}

/** Uses a link up: of two that come at once, one gets it, and the other `null`. */
export async function takeMailedLink(
  db: Kysely<Tables>,
  { purpose, tokenHash }: MailedLinkKey,
): Promise<MailedLink | null> {
  const row = await db
    .deleteFrom("mailed_links")
    .where("token_hash", "=", tokenHash)
    .where("purpose", "=", purpose)
    .where("expires_at", ">", sql<Date>`now()`)
    .returning(["email", "user_id as userId"])
    .executeTakeFirst();
  return row ?? null;
}

/** Whatever links are under way for this account are worth nothing any more. */
export async function deleteMailedLinksOfUser(db: Kysely<Tables>, userId: string): Promise<void> {
  await db.deleteFrom("mailed_links").where("user_id", "=", userId).execute();
}

export async function deleteExpiredMailedLinks(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom("mailed_links").where("expires_at", "<=", sql<Date>`now()`).execute();
}
