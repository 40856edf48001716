import autocannon from "autocannon";

export interface Callee {
  url: string;
  token?: string;
}

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
};

/** So many calls ahead, and what a call runs through is compiled, what one in ten runs through too. */
export const WARM = 60_000;

type Load = Pick<autocannon.Options, "connections" | "duration" | "amount" | "overallRate">;

/** A modern client's call of one tool, again and again. */
export function load(
  { url, token }: Callee,
  tool: "look" | "change",
  how: Load,
  onAnswer?: (ms: number) => void,
): Promise<autocannon.Result> {
  const params = { name: tool, arguments: { message: "hello" }, _meta: META };
  return autocannon({
    ...{ url, method: "POST", ...how },
    setupClient: (client) => onAnswer && client.on("response", (_status, _bytes, ms) => onAnswer(ms)),
    headers: {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...{ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": tool },
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
}

/** Of calls of which none may be refused: how long each took, the shortest first. */
export async function timesOf(callee: Callee, tool: "look" | "change", how: Load): Promise<number[]> {
  const times: number[] = [];
  const { non2xx, errors } = await load(callee, tool, how, (ms) => times.push(ms));
  if (non2xx + errors > 0) throw new Error(`${callee.url}: ${non2xx} bad answers, ${errors} errors`);
  return times.sort((a, b) => a - b);
}

/** `sorted` has the least first. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)]!;
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
