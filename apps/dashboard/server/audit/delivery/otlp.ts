import { clientOf } from "@gatehouse/audit/client-of";
import type { DeliveredRow } from "@gatehouse/store/audit-deliveries";
import type { Batch } from "./send.ts";

/** An `ExportLogsServiceRequest` (OTLP 1.x, JSON): one record for each row, whose body is the row as it is exported. */
export function otlpMessage({ org, rows }: Batch, headers: Record<string, string>, at = new Date()) {
  const logRecords = rows.length > 0 ? rows.map((row) => recordOf(row, at)) : [testRecord(at)];
  const resource = { attributes: attributesOf({ "service.name": "gatehouse", "gatehouse.org": org }) };
  const scopeLogs = [{ scope: { name: "gatehouse.audit" }, logRecords }];
  const body = JSON.stringify({ resourceLogs: [{ resource, scopeLogs }] });
  return { body, headers: { ...headers, "content-type": "application/json" } };
}

/** What the receiver took, but for so many; it says that they are not to be sent again. */
export function rejectedBy(answer: Buffer): string | null {
  try {
    const { rejectedLogRecords = 0, errorMessage = "" } = JSON.parse(answer.toString()).partialSuccess ?? {};
    return Number(rejectedLogRecords) > 0 ? `${rejectedLogRecords} rows were rejected for good: ${errorMessage}` : null;
  } catch {
    return null;
  }
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const INFO = { severityNumber: 9, severityText: "INFO" };
const WARN = { severityNumber: 13, severityText: "WARN" };

function recordOf(row: DeliveredRow, observedAt: Date) {
  const { trace_id: traceId, tool, method, address, error } = row.entry;
  const isTraced = typeof traceId === "string" && TRACE_ID.test(traceId);
  return {
    timeUnixNano: nanoseconds(row.at),
    observedTimeUnixNano: nanoseconds(observedAt.toISOString()),
    ...(["ok", "started", "opened", "closed"].includes(row.outcome) ? INFO : WARN),
    eventName: `gatehouse.${row.event}`,
    body: { stringValue: JSON.stringify(row) },
    attributes: attributesOf({
      "gatehouse.id": row.id,
      "gatehouse.seq": row.seq,
      "gatehouse.hash": row.hash,
      "gatehouse.event": row.event,
      "gatehouse.outcome": row.outcome,
      "gatehouse.connector": row.connectorSlug,
      "gatehouse.tool": tool,
      "gatehouse.client": clientOf(row.entry),
      "user.id": row.user,
      "user.name": row.userName,
      "client.address": address,
      "mcp.method.name": method,
      "error.message": error,
    }),
    ...(isTraced ? { traceId } : {}),
  };
}

function testRecord(at: Date) {
  const body = { stringValue: "Gatehouse can send its audit log here." };
  const now = nanoseconds(at.toISOString());
  return { timeUnixNano: now, observedTimeUnixNano: now, ...INFO, eventName: "gatehouse.test", body };
}

function attributesOf(values: Record<string, unknown>) {
  return Object.entries(values)
    .filter(([, value]) => typeof value === "string" || typeof value === "number")
    .map(([key, value]) => ({
      key,
      value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value as string },
    }));
}

/** Of RFC 3339, with up to nine digits of a second. */
function nanoseconds(at: string): string {
  const [, fraction = ""] = /\.(\d+)/.exec(at) ?? [];
  const seconds = Math.floor(Date.parse(at) / 1000);
  return `${seconds}${fraction.padEnd(9, "0")}`;
}
