import { clientOf } from "@gatehouse/audit/client-of";
import { type AuditEntry, type AuditFilter, searchAudit } from "@gatehouse/store/audit";
import type { Reading } from "@gatehouse/store/audit-chain";
import { type Database, withOrg } from "@gatehouse/store/database";
import { readWholeLog } from "./whole-log.ts";

export const EXPORT_FORMATS = ["jsonl", "csv"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

interface Wanted {
  db: Database;
  orgId: string;
  /** `null` for all there is. */
  filter: AuditFilter | null;
}

const ROWS_AT_ONCE = 1000;

/**
 * Line by line, in bounded memory. The whole log comes as JSON in the order of its chain and with its heads, so that it can
 * be verified; a choice of it, and CSV, come newest first.
 */
export async function* exportLines(format: ExportFormat, wanted: Wanted): AsyncGenerator<string> {
  const { db, orgId, filter } = wanted;
  if (format === "csv") {
    yield csvLine([...COLUMNS, "entry"]);
    for await (const row of readNewestFirst(wanted)) yield csvLine(cellsOf(row));
  } else if (filter) {
    for await (const row of readNewestFirst(wanted)) yield `${JSON.stringify(row)}\n`;
  } else {
    for await (const line of readWholeLog(readingOf(db, orgId), orgId)) yield `${JSON.stringify(line)}\n`;
  }
}

/** What is thrown on the way breaks the answer off: half an export is not taken for a whole one. */
export function streamOf(lines: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}

/** Each query in a transaction of its own: whoever takes long to download holds none. */
export const readingOf =
  (db: Database, orgId: string): Reading =>
  (query) =>
    withOrg(db, orgId, (scope) => query(scope.db));

async function* readNewestFirst({ db, orgId, filter }: Wanted): AsyncGenerator<AuditEntry> {
  for (let before: string | null | undefined; before !== null; ) {
    const page = { ...filter, before, limit: ROWS_AT_ONCE };
    const { entries, next } = await withOrg(db, orgId, (scope) => searchAudit(scope, page));
    yield* entries;
    before = next;
  }
}

const COLUMNS = ["id", "at", "event", "outcome", "user", "connector", "tool", "client", "address", "trace_id", "error"];

function cellsOf({ id, at, event, outcome, entry, ...row }: AuditEntry): unknown[] {
  const { tool, address, trace_id: trace, error } = entry;
  const user = row.userEmail ?? row.serviceAccountName ?? row.userId;
  const connector = row.connectorName ?? row.connectorId;
  return [
    id,
    at.toISOString(),
    event,
    outcome,
    user,
    connector,
    tool,
    clientOf(entry),
    address,
    trace,
    error,
    JSON.stringify(entry),
  ];
}

/** RFC 4180. What a spreadsheet would take for a formula is text. */
function csvLine(cells: unknown[]): string {
  const quoted = cells.map(
    (cell) =>
      `"${String(cell ?? "")
        .replaceAll('"', '""')
        .replace(/^([=+@\t\r-])/, "'$1")}"`,
  );
  return `${quoted.join(",")}\r\n`;
}
