import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// The answer to an attempt comes by its state, before anybody knows which org it is about: no tenant.

/** A member who has left for an upstream's sign-in, and is expected back. */
export interface LinkAttempt {
  stateHash: Buffer;
  /** Of the cookie of the browser that left. */
  browserHash: Buffer;
  orgId: string;
  connectorId: string;
  userId: string;
  sealed: Buffer;
  /** The client's sign-in that it is a part of. */
  interactionUid: string | null;
}

export async function insertLinkAttempt(db: Kysely<Tables>, attempt: LinkAttempt, seconds: number): Promise<void> {
  await db
    .insertInto("link_attempts")
    .values({
      state_hash: attempt.stateHash,
      browser_hash: attempt.browserHash,
      org_id: attempt.orgId,
      connector_id: attempt.connectorId,
      user_id: attempt.userId,
      sealed: attempt.sealed,
      interaction_uid: attempt.interactionUid,
      expires_at: sql<Date>`now() + make_interval(secs => ${seconds})`,
    })
    .execute();
}

/** For the browser that left alone, and once. `null` also where it has taken too long. */
export async function takeLinkAttempt(
  db: Kysely<Tables>,
  { stateHash, browserHash }: Pick<LinkAttempt, "stateHash" | "browserHash">,
): Promise<LinkAttempt | null> {
  const row = await db
    .deleteFrom("link_attempts")
    .where("state_hash", "=", stateHash)
    .where("browser_hash", "=", browserHash)
    .where("expires_at", ">", sql<Date>`now()`)
    .returning([
      "state_hash as stateHash",
      "browser_hash as browserHash",
      "org_id as orgId",
      "connector_id as connectorId",
      "user_id as userId",
      "sealed",
      "interaction_uid as interactionUid",
    ])
    .executeTakeFirst();
  return row ?? null;
}

export async function deleteExpiredLinkAttempts(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom("link_attempts").where("expires_at", "<", sql<Date>`now()`).execute();
}
