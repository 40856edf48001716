import type { UsageHour } from "@gatehouse/store/usage";

const COLUMNS = [
  ...["hour", "connector", "connectorId", "tool", "member", "memberId", "client", "clientId"],
  ...[
    "calls",
    "errors",
    "refused",
    "bytesIn",
    "bytesOut",
    "durationMsMean",
    "durationMsMax",
    "durationMsP50",
    "durationMsP95",
  ],
] as (keyof UsageHour)[];

/** RFC 4180, with a line of names at the top. */
export async function* asCsv(rows: AsyncIterable<UsageHour>): AsyncGenerator<string> {
  yield `${COLUMNS.join(",")}\r\n`;
  for await (const row of rows) yield `${COLUMNS.map((column) => cellOf(row[column])).join(",")}\r\n`;
}

/** One array. */
export async function* asJson(rows: AsyncIterable<UsageHour>): AsyncGenerator<string> {
  let separator = "[";
  for await (const row of rows) {
    yield `${separator}${JSON.stringify(row)}`;
    separator = ",\n";
  }
  yield separator === "[" ? "[]" : "]";
}

/** Names are other people's: none of them is a formula to a spreadsheet. */
function cellOf(value: UsageHour[keyof UsageHour]): string {
  if (value === null) return "";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "number") return String(Math.round(value * 100) / 100);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
