import { setTimeout as after } from "node:timers/promises";
import { headSignerOf } from "@gatehouse/audit/head";
import type { Egress } from "@gatehouse/egress/egress";
import { type DatabaseAccess, openDatabase } from "@gatehouse/store/database";
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
}

const CHAIN_EVERY_MS = 1000;
const DELIVER_EVERY_MS = 1000;
const COUNT_EVERY_MS = 5000;
const SIGN_EVERY_MS = 60_000;
const RETAIN_EVERY_MS = 60 * 60_000;

/** Looks after what the audit log's inbox takes in. Of many processes, one at a time chains. */
export function keepAudit({ access, vault, egress, log, auditHeads }: AuditKeeperOptions): AsyncDisposable {
  const db = openDatabase(access, "gatehouse_chain", 3);
  const publish = publishTo(auditHeads);
  const signer = headSignerOf(vault);
  const deliverer = openDeliverer({ db, vault, egress, log });
  const ending = new AbortController();
  const { signal } = ending;

  function keepDoing(everyMs: number, work: () => Promise<void>, failure: string): Promise<void> {
    return repeat(everyMs, signal, () => work().catch((err) => log.error({ err }, failure)));
  }
  const jobs = [
    keepDoing(CHAIN_EVERY_MS, () => chainAll(db, signal), "audit rows are not chained"),
    keepDoing(DELIVER_EVERY_MS, () => deliverer.deliverDue(), "audit rows are not delivered"),
    keepDoing(COUNT_EVERY_MS, () => countUsage(db, signal), "usage is not counted"),
    keepDoing(SIGN_EVERY_MS, () => signHeads(db, signer, publish), "the audit log's heads are not signed"),
    keepDoing(RETAIN_EVERY_MS, () => retainAudit(db, signer, publish), "old audit rows are not deleted"),
  ];
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.all(jobs);
      await deliverer[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

/** `work` again and again, `ms` after it has ended, until `signal`. Keeps no process alive. */
async function repeat(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (;;) {
    await after(ms, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    await work();
  }
}
