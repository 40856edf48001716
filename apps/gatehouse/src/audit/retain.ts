import type { HeadSigner } from "@gatehouse/audit/head";
import { NO_ORG } from "@gatehouse/store/audit";
import { findChain, insertHead } from "@gatehouse/store/audit-chain";
import {
  deleteRetained,
  dropEmptyMonths,
  findOutlived,
  listRetentions,
  type Retention,
  saveRetained,
} from "@gatehouse/store/audit-retention";
import type { Database } from "@gatehouse/store/database";
import type { PublishHeads } from "./sign-heads.ts";

const ROWS_AT_ONCE = 5000;

interface Signing {
  signer: HeadSigner;
  publish: PublishHeads;
}

/** Deletes what is not kept any longer. Where a chain begins from then on is signed before anything is gone. */
export async function retainAudit(
  db: Database,
  { deploymentAuditDays, ...signing }: Signing & { deploymentAuditDays?: number | undefined },
): Promise<void> {
  const retentions = await listRetentions(db);
  if (deploymentAuditDays) retentions.push({ org: NO_ORG, days: deploymentAuditDays });
  for (const retention of retentions) await retain(db, retention, signing);
  await dropEmptyMonths(db);
}

async function retain(db: Database, retention: Retention, { signer, publish }: Signing): Promise<void> {
  const { org } = retention;
  const [outlived, chain] = [await findOutlived(db, retention), await findChain(db, org)];
  if (outlived && chain && outlived.seq > chain.retainedSeq) {
    const head = signer.sign({ kind: "retained_from", org, ...outlived, at: new Date().toISOString() });
    await publish([head]);
    await db.transaction().execute(async (transaction) => {
      await insertHead(transaction, head);
      await saveRetained(transaction, { org, ...outlived });
    });
  }
  const seq = Math.max(outlived?.seq ?? 0, chain?.retainedSeq ?? 0);
  while ((await deleteRetained(db, { org, seq, countMax: ROWS_AT_ONCE })) === ROWS_AT_ONCE);
}
