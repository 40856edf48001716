import { headSignerOf } from "@gatehouse/audit/head";
import { Fault } from "@gatehouse/faults";
import { findChain } from "@gatehouse/store/audit-chain";
import { withOrg } from "@gatehouse/store/database";
import { abandonChange, beginChange, prolongChange } from "@gatehouse/store/resource-changes";
import type { Listener } from "../api/in-lines.ts";
import type { Deps } from "../dashboard.ts";
import { readingOf } from "./export-audit.ts";
import { verifyLog } from "./whole-log.ts";

export interface AuditVerdict {
  rows: number;
  chainedSeq: number;
  signedSeq: number;
  /** `null` where nothing is wrong. */
  finding: string | null;
}

/** What is under way is said where changes are, so that an org's log is read by one at a time, in whichever process. */
const UNDER_WAY = "audit verification";

/** Throws `conflict` while the org's log is being verified already. */
export async function verifyOnce({ db, vault }: Pick<Deps, "db" | "vault">, orgId: string) {
  const begun = await withOrg(db, orgId, (scope) => beginChange(scope, UNDER_WAY));
  if (!begun) throw new Fault("conflict", "The log is being verified already. Try again once that has ended");

  async function verify({ tell, isGone }: Listener): Promise<AuditVerdict> {
    const chain = await withOrg(db, orgId, (scope) => findChain(scope.db, orgId));
    const all = chain ? chain.seq - chain.retainedSeq : 0;
    await tell(0, all);
    async function count(rows: number): Promise<void> {
      if (isGone()) throw new Fault("interrupted", "Nobody waits for the verdict any more");
      await withOrg(db, orgId, (scope) => prolongChange(scope, UNDER_WAY));
      await tell(rows, Math.max(rows, all));
    }
    const { key } = headSignerOf(vault);
    const { rows, end, signedSeq, finding } = await verifyLog(readingOf(db, orgId), orgId, { key, count });
    return { rows, chainedSeq: end.seq, signedSeq, finding: finding?.says ?? null };
  }

  return (listener: Listener) =>
    verify(listener).finally(() => withOrg(db, orgId, (scope) => abandonChange(scope, UNDER_WAY)));
}
