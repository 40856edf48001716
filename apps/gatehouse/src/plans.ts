import { Fault } from "@gatehouse/faults";
import { withOrg } from "@gatehouse/store/database";
import { insertOperatorAct, insertPlatformAudit } from "@gatehouse/store/operators";
import { findOrgBySlug } from "@gatehouse/store/orgs";
import { listPlans, savePlan, updatePlan } from "@gatehouse/store/plans";
import type { PlanLimits } from "@gatehouse/store/tables";
import { z } from "zod";
import type { Config } from "./config.ts";
import { asAuthorizationServer } from "./operate.ts";
import type { Progress } from "./progress.ts";

const Amount = z.int().min(1);
const Subject = z.enum(["org", "member", "client", "connector", "tool"]);
const Amounts = z.strictObject({
  callsPerSecond: Amount.optional(),
  callsPerMinute: Amount.optional(),
  callsPerDay: Amount.optional(),
  callsPerMonth: Amount.optional(),
  bytesPerDay: Amount.optional(),
  bytesPerMonth: Amount.optional(),
  concurrentCalls: Amount.optional(),
});
const Limits = z.partialRecord(Subject, Amounts);
const Name = z.string().regex(/^[a-z0-9](-?[a-z0-9]){0,38}$/);

export async function printPlans(config: Config, progress: Progress): Promise<void> {
  await asAuthorizationServer(config, async (db) => {
    for (const { name, limits } of await listPlans(db)) {
      progress.line(`${name}: ${settingsOf(limits).join(" ") || "no limits"}`);
    }
  });
}

/** In place of what the plan has said. Counts within a second for every org that has it. */
export async function writePlan(
  config: Config,
  progress: Progress,
  { name, settings }: { name: string; settings: string[] },
): Promise<void> {
  if (!Name.safeParse(name).success)
    throw new Fault("invalid_fields", `“${name}” is no name for a plan: use lower-case letters, digits and hyphens.`);
  const limits = parseLimits(settings);
  await asAuthorizationServer(config, async (db) => {
    await db.transaction().execute(async (transaction) => {
      const before = (await listPlans(transaction)).find((plan) => plan.name === name)?.limits ?? null;
      await savePlan(transaction, { name, limits });
      await insertPlatformAudit(transaction, { event: "plan.saved", entry: { plan: name, before, after: limits } });
    });
    progress.line(`The plan “${name}” allows: ${settingsOf(limits).join(" ") || "everything"}.`);
  });
}

export async function setPlan(
  config: Config,
  progress: Progress,
  { slug, name }: { slug: string; name: string },
): Promise<void> {
  await asAuthorizationServer(config, async (db) => {
    const org = await findOrgBySlug(db, slug);
    if (!org) throw new Fault("not_found", `There is no org “${slug}”.`);
    await withOrg(db, org.id, async (scope) => {
      const before = await updatePlan(scope, name);
      const entry = { before, after: name };
      if (before !== name) await insertOperatorAct(scope, { event: "plan.changed", slug, entry });
    });
    progress.line(`The org “${slug}” has the plan “${name}”.`);
  });
}

/** Such as `member.callsPerMinute=600`. */
function parseLimits(settings: string[]): PlanLimits {
  const limits: Record<string, Record<string, number>> = {};
  for (const setting of settings) {
    const [, subject = "", amount = "", number = ""] = /^(\w+)\.(\w+)=(\d+)$/.exec(setting) ?? [];
    limits[subject] = { ...limits[subject], [amount]: Number(number) };
    if (!Limits.safeParse({ [subject]: { [amount]: Number(number) } }).success) throw noLimit(setting);
  }
  return limits as PlanLimits;
}

function noLimit(setting: string): Fault {
  return new Fault(
    "invalid_fields",
    `“${setting}” is no limit. One is SUBJECT.AMOUNT=NUMBER, such as member.callsPerMinute=600; the subjects are ` +
      `${Subject.options.join(", ")}; the amounts ${Object.keys(Amounts.shape).join(", ")}.`,
  );
}

function settingsOf(limits: PlanLimits): string[] {
  return Object.entries(limits).flatMap(([subject, amounts]) =>
    Object.entries(amounts).map(([amount, max]) => `${subject}.${amount}=${max}`),
  );
}
