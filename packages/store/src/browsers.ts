import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// A person signs in once for all their orgs: no tenant.

/** A browser that somebody is signed in with. */
export interface SignedInBrowser {
  sessionHash: Buffer;
  userAgent: string;
  signedInAt: Date;
  lastSeenAt: Date;
}

/** `sessionHash` is SHA-256 of the name of the authorization server's session. */
export async function upsertBrowser(
  db: Kysely<Tables>,
  { sessionHash, userId, userAgent }: { sessionHash: Buffer; userId: string; userAgent: string },
): Promise<void> {
  await db
    .insertInto("browsers")
    .values({ session_hash: sessionHash, user_id: userId, user_agent: userAgent })
    .onConflict((conflict) =>
      conflict.column("session_hash").doUpdateSet({
        user_id: userId,
        user_agent: userAgent,
        signed_in_at: sql<Date>`case when browsers.user_id = excluded.user_id then browsers.signed_in_at else now() end`,
        last_seen_at: sql<Date>`now()`,
      }),
    )
    .execute();
}

/** As the dashboard's role: its own requests show that a browser is in use. */
export async function noteBrowserSeen(db: Kysely<Tables>, sessionHash: Buffer): Promise<void> {
  await db
    .updateTable("browsers")
    .set({ last_seen_at: sql<Date>`now()` })
    .where("session_hash", "=", sessionHash)
    .execute();
}

/** The last seen first. */
export async function listBrowsers(db: Kysely<Tables>, userId: string): Promise<SignedInBrowser[]> {
  return db
    .selectFrom("browsers as b")
    .innerJoin("oidc_records as r", (join) =>
      join.onRef("r.uid_hash", "=", "b.session_hash").on("r.model", "=", "Session"),
    )
    .select([
      "b.session_hash as sessionHash",
      "b.user_agent as userAgent",
      "b.signed_in_at as signedInAt",
      "b.last_seen_at as lastSeenAt",
    ])
    .where("b.user_id", "=", userId)
    .where("r.expires_at", ">", sql<Date>`now()`)
    .orderBy("b.last_seen_at", "desc")
    .execute();
}

/** Signs this person out of one browser: of the authorization server, and of the dashboard. `false` where it was not theirs. */
export async function endBrowser(
  db: Kysely<Tables>,
  { userId, sessionHash }: { userId: string; sessionHash: Buffer },
): Promise<boolean> {
  const ended = await db
    .deleteFrom("browsers")
    .where("session_hash", "=", sessionHash)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  if (ended.numDeletedRows === 0n) return false;
  await db.deleteFrom("oidc_records").where("model", "=", "Session").where("uid_hash", "=", sessionHash).execute();
  await db.deleteFrom("browser_sessions").where("session_hash", "=", sessionHash).execute();
  return true;
}

/** Signs this person out everywhere, but for the browser that is `kept`. Tells how many there were. */
export async function endOtherBrowsers(
  db: Kysely<Tables>,
  { userId, kept }: { userId: string; kept: Buffer | null },
): Promise<number> {
  const ended = await db
    .deleteFrom("browsers")
    .where("user_id", "=", userId)
    .$if(kept !== null, (query) => query.where("session_hash", "!=", kept!))
    .returning("session_hash")
    .execute();
  await db
    .deleteFrom("browser_sessions")
    .where("user_id", "=", userId)
    .$if(kept !== null, (query) =>
      query.where((where) => where.or([where("session_hash", "is", null), where("session_hash", "!=", kept!)])),
    )
    .execute();
  const hashes = ended.map((row) => row.session_hash);
  if (hashes.length > 0) {
    await db.deleteFrom("oidc_records").where("model", "=", "Session").where("uid_hash", "in", hashes).execute();
  }
  return hashes.length;
}

/** What is left of sessions that have ended. */
export async function deleteForgottenBrowsers(db: Kysely<Tables>): Promise<void> {
  await db
    .deleteFrom("browsers")
    .where("session_hash", "not in", (query) =>
      query
        .selectFrom("oidc_records")
        .select("uid_hash")
        .where("model", "=", "Session")
        .where("uid_hash", "is not", null)
        .$narrowType<{ uid_hash: Buffer }>(),
    )
    .execute();
}
