import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { listLimits, saveLimit } from "@gatehouse/store/limits";
import { findPlan } from "@gatehouse/store/plans";
import type { Amount, Amounts, PlanLimits, Subject } from "@gatehouse/store/tables";
import { listSubjectNames, searchSubjects, type UsageBy } from "@gatehouse/store/usage";
import { Hono } from "hono";
import { z } from "zod";
import { invalidFields, jsonBody, query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

const POSITIVE = "A limit is a whole number, 1 or more";
const AMOUNTS = [
  ...["callsPerSecond", "callsPerMinute", "callsPerDay", "callsPerMonth"],
  ...["bytesPerDay", "bytesPerMonth", "concurrentCalls"],
] as Amount[];

export const Limit = z.object({
  subject: z.enum(["org", "member", "client", "connector", "tool"]),
  /** "" is of each. */
  subjectId: z.string().max(300).default(""),
  /** Those that are left out have no limit but the plan's. */
  amounts: z.partialRecord(z.enum(AMOUNTS), z.int(POSITIVE).min(1, POSITIVE)),
});

const AmountsAnswer = z.partialRecord(z.enum(AMOUNTS), z.number());
const Named = z.array(z.object({ id: z.string(), name: z.string() }));

const LimitsAnswer = z.object({
  plan: z.object({ name: z.string(), limits: z.partialRecord(Limit.shape.subject, AmountsAnswer) }),
  limits: z.array(z.object({ subject: Limit.shape.subject, subjectId: z.string(), amounts: AmountsAnswer })),
  /** Of what limits are about, by their ids. */
  names: z.object({ connector: Named, tool: Named, member: Named, client: Named }),
});

const SUBJECTS_MAX = 50;

const SubjectSearch = z.object({
  subject: z.enum(["member", "client", "connector", "tool"]),
  search: z.string().trim().max(200).default(""),
});

/** `/api/orgs/:org/limits` */
export function limits({ db }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/",
      operation("readLimits", {
        summary: "Read the plan and the org's own limits",
        needs: "set limits",
        answers: LimitsAnswer,
      }),
      async function read(c) {
        const found = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const limits = await listLimits(scope);
          const named = async (by: UsageBy) => listSubjectNames(scope, by, idsOf(limits, by));
          return {
            ...{ plan: await findPlan(scope), limits },
            names: {
              ...{ connector: await named("connector"), tool: await named("tool") },
              ...{ member: await named("member"), client: await named("client") },
            },
          };
        });
        return c.json(found);
      },
    )
    .get(
      "/subjects",
      operation("searchLimitSubjects", {
        summary: "Look for what can be limited by itself",
        needs: "set limits",
        answers: z.object({ subjects: Named }),
      }),
      query(SubjectSearch),
      async function search(c) {
        const { subject, search } = c.req.valid("query");
        const subjects = await withOrg(db, c.var.membership.org.id, (scope) =>
          searchSubjects(scope, subject, { search, limit: SUBJECTS_MAX }),
        );
        return c.json({ subjects });
      },
    )
    .put(
      "/",
      operation("changeLimit", { summary: "Set a limit, or take it away", needs: "set limits" }),
      jsonBody(Limit),
      async function change(c) {
        const { subject, subjectId, amounts } = c.req.valid("json");
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          checkPlan((await findPlan(scope)).limits, subject, amounts);
          const before = await saveLimit(scope, { subject, subjectId, amounts });
          const entry = { whose: subject, subject: subjectId || undefined, before, after: amounts };
          await insertAudit(scope, { event: "limits.changed", outcome: "ok", userId, entry });
        });
        return c.body(null, 204);
      },
    );
}

const idsOf = (limits: { subject: Subject; subjectId: string }[], by: UsageBy): string[] =>
  limits.flatMap(({ subject, subjectId }) => (subject === by ? [subjectId] : []));

/** What is above the plan would not count, and so is not taken. */
function checkPlan(plan: PlanLimits, subject: Subject, amounts: Amounts): void {
  const allowed = plan[subject] ?? {};
  const over = (Object.entries(amounts) as [Amount, number][]).filter(
    ([amount, max]) => max > (allowed[amount] ?? max),
  );
  const fields = over.map(([amount]) => [
    `amounts.${amount}`,
    `Your plan allows ${allowed[amount]!.toLocaleString("en")} at most`,
  ]);
  if (fields.length > 0) throw invalidFields(Object.fromEntries(fields));
}
