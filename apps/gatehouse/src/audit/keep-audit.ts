import { setTimeout as after } from "node:timers/promises";
import { headSignerOf } from "@gatehouse/audit/head";
import { type DatabaseAccess, openDatabase } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";
import { countUsage } from "../usage/count-usage.ts";
import { chainAll } from "./chain-inbox.ts";
import { publishTo } from "./publish-heads.ts";
import { signHeads } from "./sign-heads.ts";

export interface AuditKeeperOptions {
  access: DatabaseAccess;
  vault: Vault;
  log: Logger;
  /** Where heads are written besides the database. */
  auditHeads?: URL | undefined;
}

const CHAIN_EVERY_MS = 1000;
const SIGN_EVERY_MS = 60_000;
const COUNT_EVERY_MS = 5000;

/** Chains what is in the audit log's inbox, signs how far it has come, and counts what was used. Of many processes, one at a time does. */
export function keepAudit({ access, vault, log, auditHeads }: AuditKeeperOptions): AsyncDisposable {
  const db = openDatabase(access, "gatehouse_chain", 2);
  const publish = publishTo(auditHeads);
  const signer = headSignerOf(vault);
  const ending = new AbortController();
  const { signal } = ending;
  const chaining = repeat(CHAIN_EVERY_MS, signal, async () => {
    await chainAll(db, signal).catch((err) => log.error({ err }, "audit rows are not chained"));
  });
  const signing = repeat(SIGN_EVERY_MS, signal, async () => {
    await signHeads(db, signer, publish).catch((err) => log.error({ err }, "the audit log's heads are not signed"));
  });
  const counting = repeat(COUNT_EVERY_MS, signal, async () => {
    await countUsage(db, signal).catch((err) => log.error({ err }, "usage is not counted"));
  });
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.all([chaining, signing, counting]);
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
