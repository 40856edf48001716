import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** An upstream that does not answer. */
export interface Outage {
  connectorId: string;
  /** In words for whoever chose the upstream. */
  reason: string;
  since: Date;
}

/** It was not seen for so long: nobody knows. */
const FORGOTTEN_SECONDS = 120;

/** Said again for as long as it is so. */
export async function putOutage(org: OrgScope, { connectorId, reason }: Omit<Outage, "since">): Promise<void> {
  await org.db
    .insertInto("outages")
    .values({ org_id: org.id, connector_id: connectorId, reason })
    .onConflict((conflict) =>
      conflict.column("connector_id").doUpdateSet({
        reason,
        since: sql`case when outages.seen_at > now() - make_interval(secs => ${FORGOTTEN_SECONDS})
                   then outages.since else now() end`,
        seen_at: sql`now()`,
      }),
    )
    .execute();
}

export async function deleteOutage(org: OrgScope, connectorId: string): Promise<void> {
  await org.db.deleteFrom("outages").where("org_id", "=", org.id).where("connector_id", "=", connectorId).execute();
}

export function listOutages(org: OrgScope): Promise<Outage[]> {
  return org.db
    .selectFrom("outages")
    .select(["connector_id as connectorId", "reason", "since"])
    .where("org_id", "=", org.id)
    .where(sql<boolean>`seen_at > now() - make_interval(secs => ${FORGOTTEN_SECONDS})`)
    .execute();
}
