import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// Whoever guesses is not known yet: no tenant.

export interface Attempts {
  /** This one included. */
  count: number;
  /** When they are forgotten. */
  expiresAt: Date;
}

/** Counts one more. The window begins with the first of them. */
export async function takeAttempt(
  db: Kysely<Tables>,
  { keyHash, windowSeconds }: { keyHash: Buffer; windowSeconds: number },
): Promise<Attempts> {
  const row = await db
    .insertInto("attempts")
    .values({ key_hash: keyHash, count: 1, expires_at: sql<Date>`now() + make_interval(secs => ${windowSeconds})` })
    .onConflict((conflict) =>
      conflict.column("key_hash").doUpdateSet({
        count: sql<number>`case when attempts.expires_at <= now() then 1 else attempts.count + 1 end`,
        expires_at: sql<Date>`case when attempts.expires_at <= now() then excluded.expires_at else attempts.expires_at end`,
      }),
    )
    .returning(["count", "expires_at as expiresAt"])
    .executeTakeFirstOrThrow();
  return row;
}

export async function deleteAttempts(db: Kysely<Tables>, keyHash: Buffer): Promise<void> {
  await db.deleteFrom("attempts").where("key_hash", "=", keyHash).execute();
}

/** Takes one back. */
export async function returnAttempt(db: Kysely<Tables>, keyHash: Buffer): Promise<void> {
  await db
    .updateTable("attempts")
    .set({ count: sql<number>`greatest(count - 1, 0)` })
    .where("key_hash", "=", keyHash)
    .execute();
}

export async function deleteExpiredAttempts(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom("attempts").where("expires_at", "<=", sql<Date>`now()`).execute();
}
