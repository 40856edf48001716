import { type Expression, type Kysely, type SqlBool, sql } from "kysely";
import type { OrgScope } from "./database.ts";
import type { LimitedSubject } from "./limits.ts";
import type { Tables } from "./tables.ts";

/** What a subject has used since then, as far as it is in `usage_hours`. Bytes are both ways. */
export async function usedBy(
  org: OrgScope,
  subject: LimitedSubject,
  since: Date,
): Promise<{ calls: number; bytes: number }> {
  return org.db
    .selectFrom("usage_hours")
    .select([
      sql<number>`coalesce(sum(calls), 0)::float8`.as("calls"),
      sql<number>`coalesce(sum(bytes_in + bytes_out), 0)::float8`.as("bytes"),
    ])
    .where("org_id", "=", org.id)
    .where("hour", ">=", since)
    .where(isOf(subject))
    .executeTakeFirstOrThrow();
}

function isOf({ subject, subjectId }: LimitedSubject): Expression<SqlBool> {
  switch (subject) {
    case "org":
      return sql`true`;
    case "member":
      return sql`user_id = ${subjectId}::uuid`;
    case "client":
      return sql`client = ${subjectId}`;
    case "connector":
      return sql`connector_id = ${subjectId}::uuid`;
    case "tool":
      return sql`connector_id || '/' || tool = ${subjectId}`;
  }
}

/** As `gatehouse_chain`: orgs whose chains go further than what is counted of them. */
export async function listOrgsToCount(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ orgId: string }>`
    select c.org_id as "orgId" from audit_chains c left join usage_cursors u on u.org_id = c.org_id
    where c.seq > coalesce(u.seq, c.retained_seq)`.execute(db);
  return rows.map(({ orgId }) => orgId);
}

/**
 * As `gatehouse_chain`: counts the next rows of an org's chain, and remembers how far in the same transaction, so that each
 * counts once, whoever counts and however often. Answers how many rows of the chain there are yet to count.
 */
export async function countChained(db: Kysely<Tables>, orgId: string, countMax: number): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ from: string; to: string; left: number }>`
      insert into usage_cursors (org_id, seq)
        select org_id, retained_seq from audit_chains where org_id = ${orgId}
      on conflict (org_id) do update set seq = usage_cursors.seq
      returning seq::text as "from",
        least(seq + ${countMax}, (select c.seq from audit_chains c where c.org_id = ${orgId}))::text as "to",
        greatest(0, (select c.seq from audit_chains c where c.org_id = ${orgId}) - seq - ${countMax})::float8 as "left"
    `.execute(transaction);
    const { from, to, left } = rows[0]!;
    await addToHours(transaction, orgId, { from, to });
    await sql`update usage_cursors set seq = ${to}::bigint where org_id = ${orgId}`.execute(transaction);
    return left;
  });
}

/** What is no call, and no refusal, uses nothing; a call that began and has not ended yet is counted when it has. */
async function addToHours(db: Kysely<Tables>, orgId: string, range: { from: string; to: string }): Promise<void> {
  await sql`
    insert into usage_hours (org_id, hour, user_id, client, connector_id, tool,
      calls, errors, refused, bytes_in, bytes_out, duration_ms, duration_ms_max)
    select org_id, date_trunc('hour', at, 'UTC'), user_id, coalesce(entry ->> 'client', ''), connector_id,
      coalesce(entry ->> 'tool', ''),
      count(*) filter (where event = 'call'),
      count(*) filter (where event = 'call' and outcome not in ('ok', 'input_required', 'undelivered', 'cancelled', 'closed')),
      coalesce(sum((entry ->> 'count')::bigint) filter (where event = 'limit.refused'), 0),
      coalesce(sum((entry ->> 'bytes_in')::bigint), 0),
      coalesce(sum((entry ->> 'bytes_out')::bigint), 0),
      coalesce(sum((entry ->> 'duration_ms')::float8), 0),
      coalesce(max((entry ->> 'duration_ms')::float8), 0)
    from audit_log
    where org_id = ${orgId} and seq > ${range.from}::bigint and seq <= ${range.to}::bigint
      and (event = 'limit.refused' or event = 'call' and entry ->> 'phase' <> 'intent')
      and user_id is not null and connector_id is not null
    group by 1, 2, 3, 4, 5, 6
    on conflict (org_id, hour, connector_id, tool, user_id, client) do update set
      calls = usage_hours.calls + excluded.calls,
      errors = usage_hours.errors + excluded.errors,
      refused = usage_hours.refused + excluded.refused,
      bytes_in = usage_hours.bytes_in + excluded.bytes_in,
      bytes_out = usage_hours.bytes_out + excluded.bytes_out,
      duration_ms = usage_hours.duration_ms + excluded.duration_ms,
      duration_ms_max = greatest(usage_hours.duration_ms_max, excluded.duration_ms_max)`.execute(db);
}

/** As `gatehouse_chain`. */
export async function deleteUsageBefore(db: Kysely<Tables>, before: Date): Promise<void> {
  await db.deleteFrom("usage_hours").where("hour", "<", before).execute();
}
