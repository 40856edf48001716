import { chainAll } from "@gatehouse/gatehouse/audit/chain-inbox";
import type { Database } from "@gatehouse/store/database";

/** As `gatehouse_chain`. Transactions of other tests, on the same Postgres, may hold it up. */
export async function chainEverything(db: Database): Promise<void> {
  do await chainAll(db);
  while (await db.selectFrom("audit").select("id").limit(1).executeTakeFirst());
}
