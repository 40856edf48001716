import { type ChainEnd, chain, GENESIS } from "@gatehouse/audit/chain";
import { searchTermsOf } from "@gatehouse/audit/search-terms";
import {
  findChain,
  insertChained,
  type LoggedRow,
  listChainedIds,
  makeAuditMonths,
  saveChainEnd,
  takeInbox,
  whileChaining,
} from "@gatehouse/store/audit-chain";
import type { Database } from "@gatehouse/store/database";

const ROWS_AT_ONCE = 2000;
/** Where a UUIDv7 says when it was made: its first 48 bits, in milliseconds (RFC 9562 §5.7). */
const TIME_DIGITS = 12;

/** Moves rows from the inbox into the log, each chained to the one before in its org. Answers how many there were. */
async function chainInbox(db: Database): Promise<number> {
  const count = await whileChaining(db, async (transaction) => {
    const taken = await takeInbox(transaction, ROWS_AT_ONCE);
    if (taken.length === 0) return 0;
    const known = new Set(await listChainedIds(transaction, taken));
    const byOrg = Map.groupBy(
      taken.filter(({ id }) => !known.has(id)),
      ({ org }) => org,
    );
    await makeAuditMonths(transaction, monthsOf(taken));
    for (const [org, rows] of byOrg) {
      const end: ChainEnd = (await findChain(transaction, org)) ?? GENESIS;
      const chained = chain(end, rows);
      await insertChained(
        transaction,
        chained.map((row) => ({ ...row, ...searchTermsOf(row.entry) })),
      );
      await saveChainEnd(transaction, chained.at(-1)!);
    }
    return taken.length;
  });
  return count ?? 0;
}

/** All that there is, and nothing that comes meanwhile for ever. */
export async function chainAll(db: Database, signal?: AbortSignal): Promise<void> {
  while (!signal?.aborted && (await chainInbox(db)) === ROWS_AT_ONCE);
}

/** Of the rows, and the one to come. */
function monthsOf(rows: LoggedRow[]): Date[] {
  const months = new Set(rows.map(({ id }) => monthOf(timeOf(id))));
  const now = new Date();
  months.add(monthOf(now)).add(monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1))));
  return [...months].map((month) => new Date(month));
}

const monthOf = (at: Date): number => Date.UTC(at.getUTCFullYear(), at.getUTCMonth());

const timeOf = (id: string): Date => new Date(Number.parseInt(id.replaceAll("-", "").slice(0, TIME_DIGITS), 16));
