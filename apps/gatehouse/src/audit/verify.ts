import type { Head } from "@gatehouse/audit/head";
import { type ChainVerifier, type Verdict, verifyChain } from "@gatehouse/audit/verify";
import { verifyLog } from "@gatehouse/dashboard/audit/whole-log";
import { listChainedOrgs } from "@gatehouse/store/audit-chain";
import type { Database } from "@gatehouse/store/database";
import { isChained, isHead, readLines } from "./read-lines.ts";

const COUNT_EVERY = 10_000;

/** Is told how many rows have been looked at. */
export type Count = (rows: number) => void;

export interface VerifyOptions {
  /** In a file of their own, besides those that the log has. */
  headsFile?: string | undefined;
  /** What heads must be signed with. */
  key?: string | undefined;
  count: Count;
}

/** The chains of these orgs, or of all, one after the other. */
export async function* verifyDatabase(
  db: Database,
  orgIds: string[] | null,
  options: VerifyOptions,
): AsyncGenerator<Verdict> {
  const outside = await headsIn(options.headsFile);
  const signed = new Set(outside.map(({ org }) => org));
  const all = orgIds ?? [...new Set([...(await listChainedOrgs(db)), ...signed])];
  let counted = 0;
  for (const org of all) {
    const heads = outside.filter((head) => head.org === org);
    const count: Count = (rows) => options.count(counted + rows);
    const verdict = await verifyLog((query) => query(db), org, { heads, key: options.key, count });
    counted += verdict.rows;
    yield verdict;
  }
}

/** The chains that are in an export, without any database. It is read twice: heads stand at its end. */
export async function* verifyExport(path: string, options: VerifyOptions): AsyncGenerator<Verdict> {
  const own = await headsIn(path);
  const heads = Map.groupBy([...own, ...(await headsIn(options.headsFile))], ({ org }) => org);
  const verifiers = new Map<string, ChainVerifier>();
  function verifierOf(org: string): ChainVerifier {
    const verifier = verifiers.get(org) ?? verifyChain(org, { heads: heads.get(org) ?? [], key: options.key });
    verifiers.set(org, verifier);
    return verifier;
  }
  // An export that has heads but no rows has lost them.
  for (const { org } of own) verifierOf(org);
  let rows = 0;
  for await (const line of readLines(path)) {
    if (isHead(line)) continue;
    const verifier = verifierOf(line.org);
    if (++rows % COUNT_EVERY === 0) options.count(rows);
    if (isChained(line)) verifier.take(line);
    else verifier.takeUnchained(line);
  }
  for (const verifier of verifiers.values()) yield verifier.end();
}

async function headsIn(path: string | undefined): Promise<Head[]> {
  const heads: Head[] = [];
  if (path) for await (const line of readLines(path)) if (isHead(line)) heads.push(line);
  return heads;
}
