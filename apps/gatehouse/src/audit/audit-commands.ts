import { once } from "node:events";
import type { Writable } from "node:stream";
import { headSignerOf } from "@gatehouse/audit/head";
import type { Verdict } from "@gatehouse/audit/verify";
import { readWholeLog } from "@gatehouse/dashboard/audit/whole-log";
import { Fault } from "@gatehouse/faults";
import { NO_ORG } from "@gatehouse/store/audit";
import { type Database, openDatabase } from "@gatehouse/store/database";
import { findOrgBySlug } from "@gatehouse/store/orgs";
import type { Config } from "../config.ts";
import type { Progress } from "../progress.ts";
import { databaseAccess, openHouseVault, openKeys } from "../secrets.ts";
import { checkRole, reachStorage } from "../storage.ts";
import { type Count, verifyDatabase, verifyExport } from "./verify.ts";

export interface VerifyFlags {
  org?: string;
  from?: string;
  heads?: string;
  key?: string;
}

const KEY_IS_MISSING =
  "--from needs --key: without it, heads that anybody has signed would count. It is what `gatehouse audit key` printed.";

/** Throws where a row is not what it was; before that, it says which. Who signed an export, only the key tells. */
export async function verifyAudit(readConfig: () => Config, progress: Progress, flags: VerifyFlags): Promise<void> {
  const count = countOn(process.stderr);
  const options = { headsFile: flags.heads, key: flags.key, count };
  if (flags.from) {
    if (!flags.key) throw new Fault("invalid_fields", KEY_IS_MISSING);
    return report(verifyExport(flags.from, options), progress);
  }
  await withLog(readConfig(), async (db, ourKey) => {
    const orgIds = flags.org ? [await orgIdOf(db, flags.org)] : null;
    await report(verifyDatabase(db, orgIds, { ...options, key: flags.key ?? ourKey }), progress);
  });
}

/** As JSON lines, in the order of the chain, with its heads at the end: all that verifying takes. */
export async function exportAudit(config: Config, output: Writable, slug: string): Promise<void> {
  const count = countOn(process.stderr);
  let rows = 0;
  await withLog(config, async (db) => {
    for await (const line of readWholeLog((query) => query(db), await orgIdOf(db, slug))) {
      if (!output.write(`${JSON.stringify(line)}\n`)) await once(output, "drain");
      if (++rows % 10_000 === 0) count(rows);
    }
  });
}

/** What heads are signed with, to be kept apart from them. */
export async function printAuditKey(config: Config, progress: Progress): Promise<void> {
  await withLog(config, async (_db, key) => progress.line(key));
}

async function report(verdicts: AsyncIterable<Verdict>, progress: Progress): Promise<void> {
  let broken = 0;
  for await (const { org, rows, end, signedSeq, finding, undone } of verdicts) {
    if (finding) broken++;
    const signed = signedSeq > 0 ? `signed up to row ${signedSeq}` : "not signed yet";
    const left = undone > 0 ? `, ${undone} left out by changes that were undone` : "";
    progress.line(`${org}: ${finding?.says ?? `${rows} rows, chained up to ${end.seq}, ${signed}${left}`}.`);
  }
  if (broken > 0) throw new Fault("conflict", `The audit log is not what was written, in ${broken} of its chains.`);
}

async function orgIdOf(db: Database, slug: string): Promise<string> {
  if (slug === "deployment") return NO_ORG;
  const org = await findOrgBySlug(db, slug);
  if (!org) throw new Fault("not_found", `There is no org “${slug}”.`);
  return org.id;
}

async function withLog(config: Config, work: (db: Database, key: string) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const keys = await openKeys(config);
  const storage = stack.use(await reachStorage(config));
  const access = databaseAccess(storage.url, keys);
  await checkRole(access, "gatehouse_chain");
  const vault = stack.use(openHouseVault(keys, access));
  await work(stack.use(openDatabase(access, "gatehouse_chain", 1)), headSignerOf(vault).key);
}

/** On a terminal alone. */
function countOn(output: NodeJS.WriteStream): Count {
  return (rows) => void (output.isTTY && output.write(`\r\x1b[2K${rows.toLocaleString("en")} rows …\r`));
}
