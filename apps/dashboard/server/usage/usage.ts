import { Readable } from "node:stream";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { readAllowance } from "@gatehouse/store/limits";
import {
  findUsed,
  listSubjectNames,
  listUsageBy,
  listUsageHours,
  listUsageOverTime,
  sumUsage,
  type UsageBy,
  type UsageHour,
} from "@gatehouse/store/usage";
import { Hono } from "hono";
import { z } from "zod";
import { query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { asCsv, asJson } from "./usage-file.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const DAYS_MAX = 400;
const ROWS_MAX = 100;
const ORG = { subject: "org", subjectId: "" } as const;

const Span = z.object({
  days: z.coerce
    .number()
    .pipe(z.literal([1, 7, 30, 90]))
    .default(7),
});

const Hours = z
  .object({
    from: instant("Say from when, such as 2026-11-01T00:00:00Z"),
    to: instant("Say until when, such as 2026-12-01T00:00:00Z"),
    format: z.enum(["json", "csv"]).default("json"),
  })
  .refine(({ from, to }) => to > from && to.getTime() - from.getTime() <= DAYS_MAX * DAY_MS, {
    path: ["to"],
    error: `The end is to be after the beginning, by ${DAYS_MAX} days at most`,
  });

function instant(error: string) {
  return z.iso.datetime({ error, abort: true }).transform((text) => new Date(text));
}

const Sums = {
  ...{ calls: z.number(), errors: z.number(), refused: z.number(), bytesIn: z.number(), bytesOut: z.number() },
  ...{ durationMsMean: z.number(), durationMsMax: z.number(), durationMsP50: z.number(), durationMsP95: z.number() },
};
const UsageOfAnswer = z.array(z.object({ id: z.string(), name: z.string().nullable(), ...Sums }));
const Quota = z.object({ used: z.number(), max: z.number().nullable() });

const UsageAnswer = z.object({
  step: z.enum(["hour", "day"]),
  since: z.iso.datetime(),
  total: z.object(Sums).nullable(),
  overTime: z.array(z.object({ at: z.iso.datetime(), ...Sums })),
  connectors: UsageOfAnswer,
  tools: UsageOfAnswer,
  members: UsageOfAnswer,
  clients: UsageOfAnswer,
  quotas: z.object({ callsPerDay: Quota, callsPerMonth: Quota, bytesPerDay: Quota, bytesPerMonth: Quota }),
});

const HoursAnswer = z.array(
  z.object({
    hour: z.iso.datetime(),
    ...{ connectorId: z.string(), connector: z.string().nullable(), tool: z.string() },
    ...{ memberId: z.string(), member: z.string().nullable() },
    ...{ clientId: z.string(), client: z.string().nullable(), ...Sums },
  }),
);

/** `/api/orgs/:org/usage` */
export function usage({ db }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/",
      operation("summarizeUsage", { summary: "Sum up what was used", needs: "see what is used", answers: UsageAnswer }),
      query(Span),
      async function summarize(c) {
        const { days } = c.req.valid("query");
        return c.json(await withOrg(db, c.var.membership.org.id, (scope) => summaryOf(scope, days)));
      },
    )
    .get(
      "/hours",
      operation("listUsageHours", {
        summary: "List what was used, hour by hour",
        needs: "see what is used",
        answers: HoursAnswer,
        media: ["text/csv"],
      }),
      query(Hours),
      async function listHours(c) {
        const { from, to, format } = c.req.valid("query");
        const { org } = c.var.membership;
        const read = (span: Span) => withOrg(db, org.id, (scope) => listUsageHours(scope, span));
        const rows = rowsOf(read, { from, to });
        const text = format === "csv" ? asCsv(rows) : asJson(rows);
        return c.body(Readable.toWeb(Readable.from(text)) as ReadableStream, 200, {
          "content-type": format === "csv" ? "text/csv; charset=utf-8" : "application/json",
          "content-disposition": `attachment; filename="usage-${org.slug}-${from.toISOString().slice(0, 10)}.${format}"`,
        });
      },
    );
}

interface Span {
  from: Date;
  to: Date;
}

/** A day at a time: what is read is as long as it likes, and what is remembered is not. */
async function* rowsOf(read: (span: Span) => Promise<UsageHour[]>, { from, to }: Span): AsyncGenerator<UsageHour> {
  for (let start = from.getTime(); start < to.getTime(); start += DAY_MS) {
    yield* await read({ from: new Date(start), to: new Date(Math.min(start + DAY_MS, to.getTime())) });
  }
}

async function summaryOf(scope: OrgScope, days: number) {
  const step = days === 1 ? ("hour" as const) : ("day" as const);
  const since = firstOf(step, days);
  const by = async (subject: UsageBy) => {
    const rows = await listUsageBy(scope, subject, since, ROWS_MAX);
    const ids = rows.map(({ id }) => id);
    const names = await listSubjectNames(scope, subject, ids);
    const nameOf = new Map(names.map(({ id, name }) => [id, name]));
    return rows.map((row) => ({ ...row, name: nameOf.get(row.id) ?? null }));
  };
  const overTime = await listUsageOverTime(scope, step, since);
  return {
    ...{ step, since: since.toISOString() },
    total: await sumUsage(scope, since),
    overTime: overTime.map(({ at, ...used }) => ({ at: at.toISOString(), ...used })),
    connectors: await by("connector"),
    tools: await by("tool"),
    members: await by("member"),
    clients: await by("client"),
    quotas: await quotasOf(scope),
  };
}

/** The last day is this one, and so is the last of 24 hours. */
function firstOf(step: "hour" | "day", days: number): Date {
  const stepMs = step === "hour" ? HOUR_MS : DAY_MS;
  const steps = step === "hour" ? 24 : days;
  return new Date((Math.floor(Date.now() / stepMs) - steps + 1) * stepMs);
}

/** Of the org as a whole; `null` where there is none. */
async function quotasOf(scope: OrgScope) {
  const allowed = (await readAllowance(scope))(ORG);
  const [day, month] = [await findUsed(scope, ORG, "day"), await findUsed(scope, ORG, "month")];
  return {
    callsPerDay: { used: day.calls, max: allowed.callsPerDay ?? null },
    callsPerMonth: { used: month.calls, max: allowed.callsPerMonth ?? null },
    bytesPerDay: { used: day.bytes, max: allowed.bytesPerDay ?? null },
    bytesPerMonth: { used: month.bytes, max: allowed.bytesPerMonth ?? null },
  };
}
