import { Fault } from "@gatehouse/faults";
import { deleteOperator, insertOperator, insertPlatformAudit, listOperators } from "@gatehouse/store/operators";
import { findUserByEmail } from "@gatehouse/store/users";
import type { Config } from "./config.ts";
import { asAuthorizationServer } from "./operate.ts";
import type { Progress } from "./progress.ts";

export async function printOperators(config: Config, progress: Progress): Promise<void> {
  await asAuthorizationServer(config, async (db) => {
    const operators = await listOperators(db);
    for (const { email, addedAt } of operators) progress.line(`${email}, since ${addedAt.toISOString()}`);
    if (operators.length === 0) progress.line("There are none.");
  });
}

/** Whoever is an operator sees all orgs in the dashboard, and may suspend and delete them. */
export async function setOperator(
  config: Config,
  progress: Progress,
  { email, operates }: { email: string; operates: boolean },
): Promise<void> {
  await asAuthorizationServer(config, async (db) => {
    const user = await findUserByEmail(db, email);
    if (!user) throw new Fault("not_found", `${email} has no account here.`);
    const isNew = await db.transaction().execute(async (transaction) => {
      const changed = await (operates ? insertOperator(transaction, user.id) : deleteOperator(transaction, user.id));
      const event = operates ? "operator.added" : "operator.removed";
      const entry = { [operates ? "after" : "before"]: { operator: user.email } };
      if (changed) await insertPlatformAudit(transaction, { event, entry });
      return changed;
    });
    progress.line(`${user.email} is ${operates ? "an" : "no"} operator${isNew ? " now" : " already"}.`);
  });
}
