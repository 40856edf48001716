import type { OrgScope } from "@gatehouse/store/database";
import { type LimitedSubject, listLimits, type OwnLimit } from "@gatehouse/store/limits";
import { findPlan } from "@gatehouse/store/plans";
import type { Amount, Amounts, PlanLimits } from "@gatehouse/store/tables";

/** What is allowed in an org: what its owners have set, and never more than its plan. */
export interface OrgLimits {
  of(subject: LimitedSubject): Amounts;
}

export async function readLimits(org: OrgScope): Promise<OrgLimits> {
  return within((await findPlan(org)).limits, await listLimits(org));
}

export function within(plan: PlanLimits, own: OwnLimit[]): OrgLimits {
  const bySubject = new Map(own.map(({ subject, subjectId, amounts }) => [`${subject} ${subjectId}`, amounts]));
  return {
    of({ subject, subjectId }) {
      const set = { ...bySubject.get(`${subject} `), ...bySubject.get(`${subject} ${subjectId}`) };
      return least(plan[subject] ?? {}, set);
    },
  };
}

function least(plan: Amounts, own: Amounts): Amounts {
  const both = { ...plan, ...own };
  for (const [amount, allowed] of Object.entries(plan) as [Amount, number][]) {
    both[amount] = Math.min(both[amount]!, allowed);
  }
  return both;
}
