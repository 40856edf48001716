import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** Until the transaction ends, whoever says the same in this org waits here: what is counted stays so until it is acted on. */
export async function takeTurn(org: OrgScope, what: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${what} ${org.id}`}, 0))`.execute(org.db);
}
