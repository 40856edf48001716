import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";
import type { User } from "./users.ts";

// A browser session belongs to a person, who may be in several orgs: no tenant.

export interface BrowserSession {
  user: User;
  csrfToken: string;
  /** Of the session at the authorization server that it was begun with. */
  sessionHash: Buffer | null;
}

/** `idHash` is SHA-256 of the cookie's value, which is stored nowhere. */
export async function insertBrowserSession(
  db: Kysely<Tables>,
  session: { idHash: Buffer; userId: string; csrfToken: string; sessionHash: Buffer | null; expiresAt: Date },
): Promise<void> {
  await db
    .insertInto("browser_sessions")
    .values({
      id_hash: session.idHash,
      user_id: session.userId,
      csrf_token: session.csrfToken,
      session_hash: session.sessionHash,
      expires_at: session.expiresAt,
    })
    .execute();
}

export async function findBrowserSession(db: Kysely<Tables>, idHash: Buffer): Promise<BrowserSession | null> {
  const row = await db
    .selectFrom("browser_sessions as s")
    .innerJoin("users as u", "u.id", "s.user_id")
    .select(["u.id", "u.email", "u.name", "s.csrf_token", "s.session_hash"])
    .where("s.id_hash", "=", idHash)
    .where("s.expires_at", ">", sql<Date>`now()`)
    .executeTakeFirst();
  if (!row) return null;
  const { csrf_token: csrfToken, session_hash: sessionHash, ...user } = row;
  return { user, csrfToken, sessionHash };
}

export async function deleteBrowserSession(db: Kysely<Tables>, idHash: Buffer): Promise<void> {
  await db.deleteFrom("browser_sessions").where("id_hash", "=", idHash).execute();
}

/** Takes away what nobody can use any more. */
export async function deleteExpiredBrowserSessions(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom("browser_sessions").where("expires_at", "<=", sql<Date>`now()`).execute();
}
