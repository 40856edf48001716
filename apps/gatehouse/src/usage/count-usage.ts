import type { Database } from "@gatehouse/store/database";
import { countChained, deleteUsageBefore, listOrgsToCount } from "@gatehouse/store/usage";

const ROWS_AT_ONCE = 20_000;
const KEPT_MS = 400 * 86_400_000;

/** Adds what has been chained since the last time to the hours that it was used in. Whatever was missed is caught up with. */
export async function countUsage(db: Database, signal?: AbortSignal): Promise<void> {
  for (const orgId of await listOrgsToCount(db)) {
    while (!signal?.aborted && (await countChained(db, orgId, ROWS_AT_ONCE)) > 0);
  }
  await deleteUsageBefore(db, new Date(Date.now() - KEPT_MS));
}
