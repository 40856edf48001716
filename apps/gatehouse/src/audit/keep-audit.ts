import { headSignerOf } from "@gatehouse/audit/head";
import type { Egress } from "@gatehouse/egress/egress";
import { findInboxLag } from "@gatehouse/store/audit-chain";
import { findDeliveryLag } from "@gatehouse/store/audit-deliveries";
import { type DatabaseAccess, openDatabase } from "@gatehouse/store/database";
import { type Job, keepDoing } from "@gatehouse/telemetry/jobs";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";
import { countUsage } from "../usage/count-usage.ts";
import { chainAll } from "./chain-inbox.ts";
import { openDeliverer } from "./deliver.ts";
import { publishTo } from "./publish-heads.ts";
import { retainAudit } from "./retain.ts";
import { signHeads } from "./sign-heads.ts";

export interface AuditKeeperOptions {
  access: DatabaseAccess;
  vault: Vault;
  egress: Egress;
  log: Logger;
  /** Where heads are written besides the database. */
  auditHeads?: URL | undefined;
  deploymentAuditDays?: number | undefined;
  signHeadsEveryMs?: number | undefined;
}

const CHAIN_EVERY_MS = 1000;
const DELIVER_EVERY_MS = 1000;
const COUNT_EVERY_MS = 5000;
const SIGN_EVERY_MS = 60_000;
const RETAIN_EVERY_MS = 60 * 60_000;

/** Looks after what the audit log's inbox takes in. Of many processes, one at a time chains. */
export function keepAudit(options: AuditKeeperOptions): AsyncDisposable {
  const { access, vault, log, auditHeads, deploymentAuditDays, signHeadsEveryMs = SIGN_EVERY_MS } = options;
  const stack = new AsyncDisposableStack();
  const db = stack.use(openDatabase(access, "gatehouse_chain", 3));
  const publish = publishTo(auditHeads);
  const signer = headSignerOf(vault);
  const deliverer = stack.use(openDeliverer({ ...options, db }));
  const jobs: Job[] = [
    {
      ...{ name: "chain", everyMs: CHAIN_EVERY_MS, failure: "audit rows are not chained" },
      work: (signal) => chainAll(db, signal),
      findLagSeconds: () => findInboxLag(db),
    },
    {
      ...{ name: "deliveries", everyMs: DELIVER_EVERY_MS, failure: "audit rows are not delivered" },
      work: () => deliverer.deliverDue(),
      findLagSeconds: () => findDeliveryLag(db),
    },
    {
      ...{ name: "usage", everyMs: COUNT_EVERY_MS, failure: "usage is not counted" },
      work: (signal) => countUsage(db, signal),
    },
    {
      ...{ name: "heads", everyMs: signHeadsEveryMs, failure: "the audit log's heads are not signed" },
      work: () => signHeads(db, signer, publish),
    },
    {
      ...{ name: "retention", everyMs: RETAIN_EVERY_MS, failure: "old audit rows are not deleted" },
      work: () => retainAudit(db, { signer, publish, deploymentAuditDays }),
    },
  ];
  stack.use(doAll(jobs, log));
  return stack;
}

/** Side by side. */
function doAll(jobs: readonly Job[], log: Logger): AsyncDisposable {
  const done = jobs.map((job) => keepDoing(job, log));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(done.map((job) => job[Symbol.asyncDispose]()));
    },
  };
}
