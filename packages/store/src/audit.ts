import { randomFillSync } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import type { OrgScope } from "./database.ts";

/** One thing that happened in an org. What only some events have is in `entry`. */
export interface AuditRow {
  id: string;
  orgId: string;
  at: Date;
  /** `noun.verb`, such as `call`, `connector.registered`, `sign_in`. */
  event: string;
  userId: string | null;
  connectorId: string | null;
  /** `ok`, or what went wrong in one word: a fault's code, `tool_error`, `cancelled`, … */
  outcome: string;
  entry: Record<string, unknown>;
}

const RANDOM = Buffer.alloc(16 * 256);
let randomUsed = RANDOM.length;
let lastMs = 0;
let sequence = 0;

/**
 * UUIDv7 (RFC 9562 §5.7): in the order of time, and within a millisecond in the order of making. Randomness is fetched for
 * 256 at once: it is the fetching that costs.
 */
export function newAuditId(): string {
  if (randomUsed === RANDOM.length) {
    randomFillSync(RANDOM);
    randomUsed = 0;
  }
  const random = RANDOM.subarray(randomUsed, randomUsed + 16);
  randomUsed += 16;
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    sequence = random.readUInt32BE(0) >>> 1;
  } else sequence++;
  return uuidv7({ random, msecs: lastMs, seq: sequence });
}

/** This process, in every row it writes: with the counter it shows whether a row was taken away. */
export const BOOT_ID = uuidv7();
let counter = 0;
export const nextCounter = (): number => ++counter;

/** For changes made in the transaction that they are part of: both are there, or neither is. */
export async function insertAudit(
  org: OrgScope,
  row: Pick<AuditRow, "event" | "outcome" | "entry"> & Partial<Pick<AuditRow, "userId" | "connectorId">>,
): Promise<void> {
  await org.db
    .insertInto("audit")
    .values({
      id: newAuditId(),
      org_id: org.id,
      at: new Date(),
      event: row.event,
      user_id: row.userId ?? null,
      connector_id: row.connectorId ?? null,
      outcome: row.outcome,
      entry: JSON.stringify(row.entry),
      boot_id: BOOT_ID,
      counter: String(nextCounter()),
    })
    .execute();
}

/** A row with the names that were behind its ids, for people to read. */
export interface AuditEntry extends AuditRow {
  userEmail: string | null;
  serviceAccountName: string | null;
  connectorName: string | null;
}

/** Newest first; ids are UUIDv7, so that the primary key is the order of time. `before` is the id of the last row seen. */
export function listAudit(
  org: OrgScope,
  { limit, before, event }: { limit: number; before?: string | undefined; event?: string | undefined },
): Promise<AuditEntry[]> {
  let query = org.db
    .selectFrom("audit as a")
    .leftJoin("users as u", "u.id", "a.user_id")
    .leftJoin("service_accounts as s", (join) =>
      join.onRef("s.id", "=", "a.user_id").onRef("s.org_id", "=", "a.org_id"),
    )
    .leftJoin("connectors as c", (join) => join.onRef("c.id", "=", "a.connector_id").onRef("c.org_id", "=", "a.org_id"))
    .select([
      "a.id",
      "a.org_id as orgId",
      "a.at",
      "a.event",
      "a.user_id as userId",
      "u.email as userEmail",
      "s.name as serviceAccountName",
      "a.connector_id as connectorId",
      "c.name as connectorName",
      "a.outcome",
      "a.entry",
    ])
    .where("a.org_id", "=", org.id)
    .orderBy("a.id", "desc")
    .limit(limit);
  if (before) query = query.where("a.id", "<", before);
  if (event) query = query.where("a.event", "=", event);
  return query.execute();
}
