import { hash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";

/** A row of the audit log, as it is exported and as it is hashed. */
export interface LoggedRow {
  id: string;
  org: string;
  /** RFC 3339, with microseconds. */
  at: string;
  event: string;
  user: string | null;
  connector: string | null;
  outcome: string;
  entry: Record<string, unknown>;
  /** Who wrote it, and the how-manieth row of theirs in this org it is. */
  boot: string;
  counter: number;
}

export interface ChainedRow extends LoggedRow {
  /** From 1 on, within its org. */
  seq: number;
  /** SHA-256, in hex. */
  hash: string;
}

/** Up to where a chain goes: everything before is in `hash`. */
export interface ChainEnd {
  seq: number;
  hash: string;
}

/** Before the first row. */
export const GENESIS: ChainEnd = { seq: 0, hash: "0".repeat(64) };

/** SHA-256 of the canonical JSON of the row, with its number and the hash of the row before. */
export function hashOf(row: LoggedRow & { seq: number }, previousHash: string): string {
  const { id, org, at, event, user, connector, outcome, entry, boot, counter, seq } = row;
  const whole = { id, org, at, event, user, connector, outcome, entry, boot, counter, seq, previousHash };
  return hash("sha256", canonicalJson(whole), "hex");
}

/** Numbers and hashes rows of one org that follow on `end`. */
export function chain(end: ChainEnd, rows: LoggedRow[]): ChainedRow[] {
  let { seq, hash: previous } = end;
  return rows.map((row) => {
    seq += 1;
    previous = hashOf({ ...row, seq }, previous);
    return { ...row, seq, hash: previous };
  });
}
