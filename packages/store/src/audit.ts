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
      id: uuidv7(),
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

/** Newest first; ids are UUIDv7, so that the primary key is the order of time. `before` is the id of the last row seen. */
export function listAudit(
  org: OrgScope,
  { limit, before, event }: { limit: number; before?: string | undefined; event?: string | undefined },
): Promise<AuditRow[]> {
  let query = org.db
    .selectFrom("audit")
    .select([
      "id",
      "org_id as orgId",
      "at",
      "event",
      "user_id as userId",
      "connector_id as connectorId",
      "outcome",
      "entry",
    ])
    .where("org_id", "=", org.id)
    .orderBy("id", "desc")
    .limit(limit);
  if (before) query = query.where("id", "<", before);
  if (event) query = query.where("event", "=", event);
  return query.execute();
}
