import { canonicalJson } from "./canonical-json.ts";
import { type ChainEnd, type ChainedRow, GENESIS, hashOf, type LoggedRow } from "./chain.ts";
import { watchCounters } from "./counters.ts";
import { type Head, isSigned } from "./head.ts";
import { type SearchTerms, searchTermsOf } from "./search-terms.ts";

/** What is wrong, and with which row it begins. */
export interface Finding {
  kind: "changed" | "removed" | "put_in" | "rewritten" | "head_invalid";
  /** `null` where the row had no place in the chain yet. */
  seq: number | null;
  /** `null` where the row is gone. */
  id: string | null;
  /** In one sentence. */
  says: string;
}

export interface Verdict {
  org: string;
  /** How many rows were looked at. */
  rows: number;
  /** Up to where the chain holds. */
  end: ChainEnd;
  /** The last row that a signed head speaks of; 0 where none does. */
  signedSeq: number;
  /** The first row that is not what it was; `null` where all are. */
  finding: Finding | null;
  /** Numbers that no row has because a change was undone, as it seems. */
  undone: number;
}

/** A row of the log; its search terms are looked at where they are given. */
export type VerifiedRow = ChainedRow & Partial<SearchTerms>;

export interface ChainVerifier {
  /** In the order of the chain. `false` once something is wrong: what follows is not looked at. */
  take(row: VerifiedRow): boolean;
  /** What is not chained yet, after all that is. */
  takeUnchained(row: LoggedRow): void;
  end(): Verdict;
}

export interface VerifierOptions {
  /** Of this org, in any order. */
  heads: Head[];
  /** What they must be signed with; any key will do where none is given. */
  key?: string | undefined;
  /** Where the chain ends, as its keeper has it. */
  claimed?: ChainEnd | null | undefined;
}

/** Follows one org's chain, row by row, and says where it first breaks. Remembers heads, and no rows but the last. */
export function verifyChain(org: string, { heads, key, claimed = null }: VerifierOptions): ChainVerifier {
  const isGenuine = (head: Head) => isSigned(head) && (!key || head.key === key);
  const genuine = heads.filter(isGenuine);
  const headsOf = Map.groupBy(genuine, ({ seq }) => seq);
  let end = startOf(genuine);
  const counters = watchCounters({ isWhole: end.seq === 0 });
  let previousHash = end.hash;
  let last: VerifiedRow | null = null;
  /** Another row with the number of the last one, which follows on the row before as well. */
  let rival: VerifiedRow | null = null;
  let signedSeq = end.seq;
  let rows = 0;
  let finding: Finding | null = null;
  for (const head of heads) if (!isGenuine(head)) find("head_invalid", head, forged(head));

  function find(kind: Finding["kind"], { seq, id = null }: { seq: number | null; id?: string | null }, says: string) {
    finding ??= { kind, seq, id, says };
  }

  function putIn(row: VerifiedRow): void {
    find("put_in", row, `Row ${row.seq} (${named(row)}) was put in: another has its number`);
  }

  function checkPlace(row: VerifiedRow): void {
    if (rival) return putIn(hashOf(row, rival.hash) === row.hash ? last! : rival);
    const expected = end.seq + 1;
    if (row.seq > expected) find("removed", { seq: expected }, `${range(expected, row.seq - 1)} removed`);
    if (row.seq < expected) putIn(row);
  }

  function checkContent(row: VerifiedRow): void {
    if (hashOf(row, end.hash) !== row.hash) {
      find("changed", row, `Row ${row.seq} (${named(row)}) was changed, moved or put in`);
    } else if ("traceId" in row && !hasItsTerms(row)) {
      find(
        "changed",
        row,
        `Row ${row.seq} (${named(row)}) cannot be found by what it says: its search terms were changed`,
      );
    }
  }

  function checkHeads({ seq, hash, id }: VerifiedRow): void {
    const others = headsOf.get(seq)?.filter((head) => head.hash !== hash) ?? [];
    for (const { at } of others) {
      const which = range(signedSeq + 1, seq);
      find("rewritten", { seq: signedSeq + 1, id }, `${which} chained anew: what was signed at ${at} is not there`);
    }
    if (headsOf.has(seq)) signedSeq = seq;
  }

  return {
    take(row) {
      if (finding) return false;
      rows++;
      const repeats = row.seq === end.seq && last !== null && hashOf(row, previousHash) === row.hash;
      if (repeats && !rival) {
        rival = row;
        return true;
      }
      checkPlace(row);
      if (!finding) checkContent(row);
      if (!finding) checkHeads(row);
      if (finding) return false;
      counters.take(row);
      previousHash = end.hash;
      end = { seq: row.seq, hash: row.hash };
      last = row;
      return true;
    },
    takeUnchained(row) {
      counters.take(row);
      rows++;
    },
    end() {
      if (rival) putIn(rival);
      const known = Math.max(claimed?.seq ?? 0, ...genuine.map(({ seq }) => seq));
      if (known > end.seq) find("removed", { seq: end.seq + 1 }, `${range(end.seq + 1, known)} removed from the end`);
      const { removed, undone } = counters.missing();
      if (removed) find("removed", { seq: null, id: removed.next.id }, unchained(removed.count, removed.next));
      return { org, rows, end, signedSeq, finding, undone };
    },
  };
}

/** After what the org's own rule has deleted. */
function startOf(heads: Head[]): ChainEnd {
  const retained = heads.filter(({ kind }) => kind === "retained_from");
  return retained.reduce<ChainEnd>((latest, { seq, hash }) => (seq > latest.seq ? { seq, hash } : latest), GENESIS);
}

const range = (from: number, to: number): string => (from === to ? `Row ${from} was` : `Rows ${from} to ${to} were`);

const named = ({ id, at, event }: LoggedRow): string => `${event} at ${at}, ${id}`;

const forged = ({ seq, at }: Head): string => `The head of row ${seq} (${at}) is not signed with the key`;

function unchained(count: number, next: LoggedRow): string {
  const many = count === 1 ? "1 row was" : `${count} rows were`;
  return `${many} removed before they were chained, by the same process as, and before, ${named(next)}`;
}

function hasItsTerms(row: VerifiedRow): boolean {
  const { tool, client, token, address, traceId, error } = row;
  return canonicalJson({ tool, client, token, address, traceId, error }) === canonicalJson(searchTermsOf(row.entry));
}
