import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** So many mails of one purpose in one window, which begins with the first of them. */
export interface MailLimit {
  purpose: string;
  countMax: number;
  windowSeconds: number;
}

/** How many of the mails that are wanted may be sent, and when there may be more. In the transaction that sends them. */
export async function takeMails(
  org: OrgScope,
  { purpose, countMax, windowSeconds }: MailLimit,
  wanted: number,
): Promise<{ granted: number; moreAt: Date }> {
  const expiry = sql<Date>`now() + make_interval(secs => ${windowSeconds})`;
  const { count, expiresAt } = await org.db
    .insertInto("mail_counts")
    .values({ org_id: org.id, purpose, count: wanted, expires_at: expiry })
    .onConflict((conflict) =>
      conflict.columns(["org_id", "purpose"]).doUpdateSet({
        count: sql<number>`case when mail_counts.expires_at <= now() then 0 else mail_counts.count end + ${wanted}`,
        expires_at: sql<Date>`case when mail_counts.expires_at <= now() then excluded.expires_at else mail_counts.expires_at end`,
      }),
    )
    .returning(["count", "expires_at as expiresAt"])
    .executeTakeFirstOrThrow();
  return { granted: Math.max(0, Math.min(wanted, countMax - (count - wanted))), moreAt: expiresAt };
}
