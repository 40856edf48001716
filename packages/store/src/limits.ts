import type { OrgScope } from "./database.ts";
import { findPlan } from "./plans.ts";
import type { Amount, Amounts, Subject } from "./tables.ts";
import { takeTurn } from "./turns.ts";

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

/** What a subject is allowed. */
export type Allowance = (subject: LimitedSubject) => Amounts;

/** What the org's owners have set, of one before of each, and never more than its plan. */
export async function readAllowance(org: OrgScope): Promise<Allowance> {
  const plan = (await findPlan(org)).limits;
  const own = new Map((await listLimits(org)).map((limit) => [keyOf(limit), limit.amounts]));
  return ({ subject, subjectId }) => {
    const set = { ...own.get(keyOf({ subject, subjectId: "" })), ...own.get(keyOf({ subject, subjectId })) };
    return least(plan[subject] ?? {}, set);
  };
}

const keyOf = ({ subject, subjectId }: LimitedSubject): string => `${subject} ${subjectId}`;

function least(plan: Amounts, own: Amounts): Amounts {
  const amounts = { ...plan, ...own };
  for (const [amount, allowed] of Object.entries(plan) as [Amount, number][]) {
    amounts[amount] = Math.min(amounts[amount]!, allowed);
  }
  return amounts;
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
  await takeTurn(org, "limits");
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
