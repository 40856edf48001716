/** What rows are searched by besides their columns: said by `entry`, bounded, so that it fits an index. */
export interface SearchTerms {
  tool: string | null;
  client: string | null;
  token: string | null;
  address: string | null;
  traceId: string | null;
  /** In small letters. */
  error: string | null;
}

const TERM_LENGTH_MAX = 200;

export function searchTermsOf(entry: Record<string, unknown>): SearchTerms {
  return {
    tool: termOf(entry.tool),
    client: termOf(entry.client),
    token: termOf(entry.token),
    address: termOf(entry.address),
    traceId: termOf(entry.trace_id),
    error: termOf(entry.error)?.toLowerCase() ?? null,
  };
}

/** Without what Postgres does not take as text. */
function termOf(value: unknown): string | null {
  if (typeof value !== "string" || value === "") return null;
  return value.slice(0, TERM_LENGTH_MAX).toWellFormed().replaceAll("\0", "\ufffd");
}
