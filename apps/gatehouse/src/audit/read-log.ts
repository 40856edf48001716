import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { ChainedRow, LoggedRow } from "@gatehouse/audit/chain";
import type { Head } from "@gatehouse/audit/head";
import { Fault } from "@gatehouse/faults";
import {
  findNextSeq,
  type LoggedRow as InboxRow,
  listChained,
  listHeads,
  listInbox,
  type NewChainedRow,
} from "@gatehouse/store/audit-chain";
import type { Database } from "@gatehouse/store/database";

const ROWS_AT_ONCE = 2000;
const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

/** An org's chain from the database, in its order, in bounded memory. */
export async function* readChain(db: Database, orgId: string, start = 0): AsyncGenerator<NewChainedRow> {
  let after = start;
  for (;;) {
    const rows = await listChained(db, orgId, { after, countMax: ROWS_AT_ONCE });
    yield* rows;
    const next = rows.length > 0 ? after + ROWS_AT_ONCE : await findNextSeq(db, orgId, after);
    if (next === null) return;
    after = rows.length > 0 ? next : next - 1;
  }
}

/** What is not chained yet, in the order of ids. */
export async function* readInbox(db: Database, orgId: string): AsyncGenerator<InboxRow> {
  let after = BEFORE_ALL;
  for (;;) {
    const rows = await listInbox(db, orgId, { after, countMax: ROWS_AT_ONCE });
    yield* rows;
    if (rows.length < ROWS_AT_ONCE) return;
    after = rows.at(-1)!.id;
  }
}

/** One line of an export: a row, which is not chained yet where it has no `seq`, or a head. */
export type ExportedLine = ChainedRow | LoggedRow | Head;

/** All of an org's log, and then its heads. */
export async function* readExport(db: Database, orgId: string): AsyncGenerator<ExportedLine> {
  for await (const row of readChain(db, orgId)) yield withoutTerms(row);
  yield* readInbox(db, orgId);
  yield* await listHeads(db, orgId);
}

function withoutTerms({ tool, client, token, address, traceId, error, ...row }: NewChainedRow): ChainedRow {
  return row;
}

/** The lines of a file, of an export or of heads. */
export async function* readLines<Line extends ExportedLine>(path: string): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (text !== "") yield parseLine<Line>(text, `${path}:${number}`);
  }
}

function parseLine<Line>(text: string, place: string): Line {
  try {
    const line = JSON.parse(text);
    if (typeof line?.org === "string") return line;
  } catch {
    // Said below.
  }
  throw new Fault("invalid_fields", `${place} is no line of an export of the audit log.`);
}

export const isHead = (line: ExportedLine): line is Head => "kind" in line;
export const isChained = (line: ExportedLine): line is ChainedRow => "seq" in line && !isHead(line);
