import { setTimeout as after } from "node:timers/promises";
import autocannon from "autocannon";
import { Pool } from "undici";

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

type Load = Pick<autocannon.Options, "connections" | "duration" | "amount">;

/** A modern client's call of one tool, again and again. */
export function load(
  callee: Callee,
  tool: "look" | "change",
  how: Load,
  onAnswer?: (ms: number) => void,
): Promise<autocannon.Result> {
  return autocannon({
    ...{ url: callee.url, ...callOf(callee, tool), ...how },
    setupClient: (client) => onAnswer && client.on("response", (_status, _bytes, ms) => onAnswer(ms)),
  });
}

function callOf({ token }: Callee, tool: "look" | "change") {
  const params = { name: tool, arguments: { message: "hello" }, _meta: META };
  return {
    method: "POST" as const,
    headers: {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...{ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": tool },
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  };
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

/** Of calls that leave at even distances, whether those before are answered or not: how long each took, the shortest first. */
export async function steadyTimesOf(
  callee: Callee,
  tool: "look" | "change",
  { perSecond, duration }: { perSecond: number; duration: number },
): Promise<number[]> {
  const { origin, pathname } = new URL(callee.url);
  const pool = new Pool(origin);
  const request = { path: pathname, ...callOf(callee, tool) };
  async function time(): Promise<number> {
    const sentAt = performance.now();
    const { statusCode, body } = await pool.request(request);
    await body.dump();
    if (statusCode !== 200) throw new Error(`${callee.url}: ${statusCode}`);
    return performance.now() - sentAt;
  }
  const times: Promise<number>[] = [];
  const beganAt = performance.now();
  while (times.length < perSecond * duration) {
    await after(Math.max(0, beganAt + (times.length * 1000) / perSecond - performance.now()));
    times.push(time());
  }
  const sorted = (await Promise.all(times)).sort((a, b) => a - b);
  await pool.close();
  return sorted;
}
