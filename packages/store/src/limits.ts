import { sql } from "kysely";
import type { OrgScope } from "./database.ts";
import type { Amounts, Subject } from "./tables.ts";

/** What a limit is for. */
export interface LimitedSubject {
  subject: Subject;
  /** Of this one alone; "" is of each. */
  subjectId: string;
}

/** What an org's owners have set. */
export interface OwnLimit extends LimitedSubject {
  amounts: Amounts;
}

export function listLimits(org: OrgScope): Promise<OwnLimit[]> {
  return org.db
    .selectFrom("limits")
    .select(["subject", "subject_id as subjectId", "amounts"])
    .where("org_id", "=", org.id)
    .orderBy("subject")
    .orderBy("subject_id")
    .execute();
}

/** Answers what was set before, and nobody has changed meanwhile; `null` where nothing was. Without amounts, it is gone. */
export async function saveLimit(org: OrgScope, { subject, subjectId, amounts }: OwnLimit): Promise<Amounts | null> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`limits ${org.id}`}, 0))`.execute(org.db);
  const key = { org_id: org.id, subject, subject_id: subjectId };
  const before = await org.db
    .deleteFrom("limits")
    .where((row) => row.and(key))
    .returning("amounts")
    .executeTakeFirst();
  if (Object.keys(amounts).length > 0) {
    await org.db
      .insertInto("limits")
      .values({ ...key, amounts: JSON.stringify(amounts) })
      .execute();
  }
  return before?.amounts ?? null;
}
