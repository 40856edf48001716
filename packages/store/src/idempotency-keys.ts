import { Fault } from "@gatehouse/faults";
import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** A key is its caller's own, and is stored as its SHA-256. */
export interface IdempotencyKey {
  callerId: string;
  keyHash: Buffer;
}

/** The request that came with it first. */
export interface KeyedRequest {
  requestHash: Buffer;
  /** `null` while it is under way. */
  answer: { status: number; sealed: Buffer } | null;
}

/** Of one caller, in a day. */
const KEYS_MAX = 5000;

/**
 * Answers `null` to the first that comes with it, and from then on, for a day, what has become of that one. Throws
 * `rate_limited` where the caller has too many.
 */
export async function claimIdempotencyKey(
  org: OrgScope,
  { callerId, keyHash }: IdempotencyKey,
  requestHash: Buffer,
): Promise<KeyedRequest | null> {
  await deleteOldKeys(org);
  const claimed = await org.db
    .insertInto("idempotency_keys")
    .values({ org_id: org.id, caller_id: callerId, key_hash: keyHash, request_hash: requestHash })
    .onConflict((conflict) => conflict.doNothing())
    .returning("key_hash")
    .executeTakeFirst();
  if (claimed) return refuseTooMany(org, callerId);
  const { status, sealed, ...first } = await org.db
    .selectFrom("idempotency_keys")
    .select(["request_hash as requestHash", "status", "sealed"])
    .where("org_id", "=", org.id)
    .where("caller_id", "=", callerId)
    .where("key_hash", "=", keyHash)
    .executeTakeFirstOrThrow();
  return { ...first, answer: status === null ? null : { status, sealed: sealed! } };
}

async function refuseTooMany(org: OrgScope, callerId: string): Promise<null> {
  const { count, seconds } = await org.db
    .selectFrom("idempotency_keys")
    .select([
      sql<number>`count(*)::int`.as("count"),
      sql<number>`ceil(extract(epoch from min(created_at) + interval '1 day' - now()))::int`.as("seconds"),
    ])
    .where("org_id", "=", org.id)
    .where("caller_id", "=", callerId)
    .executeTakeFirstOrThrow();
  if (count <= KEYS_MAX) return null;
  const sentence = `Nobody has more than ${KEYS_MAX} Idempotency-Keys in a day. Try again in ${seconds} s.`;
  throw new Fault("rate_limited", sentence, {
    data: { retryAfterSeconds: seconds },
    headers: { "retry-after": String(seconds) },
  });
}

/** Of a request that has been under way for ten minutes nobody waits for the answer any more. */
async function deleteOldKeys(org: OrgScope): Promise<void> {
  await org.db
    .deleteFrom("idempotency_keys")
    .where("org_id", "=", org.id)
    .where(
      sql<boolean>`created_at < now() - case when status is null then interval '10 minutes' else interval '1 day' end`,
    )
    .execute();
}

export async function keepAnswer(
  org: OrgScope,
  { callerId, keyHash }: IdempotencyKey,
  answer: { status: number; sealed: Buffer },
): Promise<void> {
  await org.db
    .updateTable("idempotency_keys")
    .set(answer)
    .where("org_id", "=", org.id)
    .where("caller_id", "=", callerId)
    .where("key_hash", "=", keyHash)
    .execute();
}

/** Nothing came of the request: it may be tried again. */
export async function releaseIdempotencyKey(org: OrgScope, { callerId, keyHash }: IdempotencyKey): Promise<void> {
  await org.db
    .deleteFrom("idempotency_keys")
    .where("org_id", "=", org.id)
    .where("caller_id", "=", callerId)
    .where("key_hash", "=", keyHash)
    .execute();
}
