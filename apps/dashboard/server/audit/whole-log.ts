import type { ChainedRow, LoggedRow } from "@gatehouse/audit/chain";
import type { Head } from "@gatehouse/audit/head";
import { type Verdict, verifyChain } from "@gatehouse/audit/verify";
import {
  findChain,
  listHeads,
  type NewChainedRow,
  type Reading,
  readChain,
  readInbox,
} from "@gatehouse/store/audit-chain";

/** One line of an export: a row, which is not chained yet where it has no `seq`, or a head. */
export type ExportedLine = ChainedRow | LoggedRow | Head;

/** All of an org's log in the order of its chain, and then its heads: what verifying takes. */
export async function* readWholeLog(reading: Reading, orgId: string): AsyncGenerator<ExportedLine> {
  const chain = await reading((db) => findChain(db, orgId));
  for await (const row of readChain(reading, orgId, chain?.retainedSeq)) yield withoutTerms(row);
  yield* readInbox(reading, orgId);
  yield* await reading((db) => listHeads(db, orgId));
}

function withoutTerms({ tool, client, token, address, traceId, error, ...row }: NewChainedRow): ChainedRow {
  return row;
}

export interface VerifyOptions {
  /** Of this org, besides those that the database has. */
  heads?: Head[];
  /** What heads must be signed with. */
  key?: string | undefined;
  /** Is told how many rows have been looked at, and waited for. */
  count?: (rows: number) => void | Promise<void>;
}

const COUNT_EVERY = 10_000;

/** What is chained meanwhile is looked at as well: the chain is read on after the inbox. */
export async function verifyLog(reading: Reading, orgId: string, options: VerifyOptions): Promise<Verdict> {
  const { heads: outside = [], key, count } = options;
  const chain = await reading((db) => findChain(db, orgId));
  const heads = [...(await reading((db) => listHeads(db, orgId))), ...outside];
  const verifier = verifyChain(orgId, { heads, key, claimed: chain });
  let rows = 0;
  async function follow(after: number): Promise<number> {
    let end = after;
    for await (const row of readChain(reading, orgId, after)) {
      if (++rows % COUNT_EVERY === 0) await count?.(rows);
      if (!verifier.take(row)) break;
      end = row.seq;
    }
    return end;
  }
  const end = await follow(chain?.retainedSeq ?? 0);
  for await (const row of readInbox(reading, orgId)) verifier.takeUnchained(row);
  await follow(end);
  return verifier.end();
}
