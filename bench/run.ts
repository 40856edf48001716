import autocannon from "autocannon";
import { measureAuthorization } from "./authorization.ts";
import { type Child, startChild } from "./child.ts";

// Side by side in one run, interleaved: the upstream itself, the least pass-through, and the gateway with everything on
// (tokens, policy, limits, strict audit, metrics and a tenth of the traces). Medians over the rounds; what counts is ratios.

const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = [1, 32];
const MEMORY_CALLS = 100_000;

interface House {
  url: string;
  token: string;
  commitMs: number;
}

interface Target {
  name: string;
  child: Child<{ url: string }>;
  url: string;
  tool: "look" | "change";
  token?: string;
}

interface Figures {
  callsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuUsPerCall: number;
}

await using upstream = await startChild<{ url: string }>("upstream.ts");
await using passThrough = await startChild<{ url: string }>("pass-through.ts", [upstream.ready.url]);
await using house = await startChild<House>("house.ts", [upstream.ready.url], {
  OTEL_EXPORTER_OTLP_ENDPOINT: `${upstream.ready.url}/otlp`,
  OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
  OTEL_TRACES_SAMPLER_ARG: "0.1",
});

const { token, commitMs } = house.ready;
const PASS_THROUGH: Target = { name: "pass-through", child: passThrough, url: passThrough.ready.url, tool: "look" };
const READ: Target = { name: "gateway, a read", child: house, url: house.ready.url, tool: "look", token };
const TARGETS: Target[] = [
  { name: "upstream itself", child: upstream, url: upstream.ready.url, tool: "look" },
  PASS_THROUGH,
  READ,
  { name: "gateway, a write", child: house, url: house.ready.url, tool: "change", token },
];

console.log(`${ROUNDS} interleaved rounds of ${SECONDS} s; medians. One commit alone takes ${commitMs.toFixed(2)} ms.`);
for (const connections of CONNECTIONS) await compare(connections);
await watchMemory();
await measureAuthorization();

async function compare(connections: number): Promise<void> {
  const taken = new Map<Target, Figures[]>(TARGETS.map((target) => [target, []]));
  for (const target of TARGETS) await load(target, connections, { duration: 1 });
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of TARGETS) taken.get(target)!.push(await measure(target, connections));
  }
  const medians = new Map(TARGETS.map((target) => [target, mediansOf(taken.get(target)!)]));
  print(connections, medians);
}

async function measure(target: Target, connections: number): Promise<Figures> {
  const before = await target.child.usage();
  const times: number[] = [];
  const { requests, duration, non2xx, errors } = await load(target, connections, { duration: SECONDS }, (ms) =>
    times.push(ms),
  );
  const after = await target.child.usage();
  times.sort((a, b) => a - b);
  if (non2xx + errors > 0) throw new Error(`${target.name}: ${non2xx} bad answers, ${errors} errors`);
  return {
    callsPerSecond: requests.total / duration,
    p50Ms: times[Math.floor(times.length * 0.5)]!,
    p99Ms: times[Math.floor(times.length * 0.99)]!,
    cpuUsPerCall: (after.cpuUs - before.cpuUs) / requests.total,
  };
}

type Until = { duration: number } | { amount: number };

function load({ url, tool, token }: Target, connections: number, until: Until, onAnswer?: (ms: number) => void) {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
  };
  const params = { name: tool, arguments: { message: "hello" }, _meta: meta };
  return autocannon({
    url,
    method: "POST",
    connections,
    ...until,
    setupClient: (client) => onAnswer && client.on("response", (_status, _bytes, ms) => onAnswer(ms)),
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": tool,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
}

function mediansOf(rounds: Figures[]): Figures {
  const median = (member: keyof Figures) =>
    rounds.map((figures) => figures[member]).toSorted((a, b) => a - b)[ROUNDS >> 1]!;
  return {
    callsPerSecond: median("callsPerSecond"),
    p50Ms: median("p50Ms"),
    p99Ms: median("p99Ms"),
    cpuUsPerCall: median("cpuUsPerCall"),
  };
}

function print(connections: number, medians: Map<Target, Figures>): void {
  const least = medians.get(PASS_THROUGH)!;
  console.log(`\n${connections} connection${connections > 1 ? "s" : ""}`);
  console.log(
    "| | calls/s | to pass-through | p50 ms | p99 ms | CPU µs a call | to pass-through |\n|---|---|---|---|---|---|---|",
  );
  for (const [{ name }, { callsPerSecond, p50Ms, p99Ms, cpuUsPerCall }] of medians) {
    const cells = [
      name,
      Math.round(callsPerSecond),
      (callsPerSecond / least.callsPerSecond).toFixed(2),
      p50Ms.toFixed(2),
      p99Ms.toFixed(2),
      cpuUsPerCall.toFixed(0),
      (cpuUsPerCall / least.cpuUsPerCall).toFixed(2),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

/** After a full collection: what a hundred thousand calls leave behind. */
async function watchMemory(): Promise<void> {
  await load(READ, 32, { amount: MEMORY_CALLS / 10 });
  const before = await house.usage();
  await load(READ, 32, { amount: MEMORY_CALLS });
  const after = await house.usage();
  const megabytes = ({ heapBytes }: { heapBytes: number }) => (heapBytes / 1e6).toFixed(1);
  console.log(
    `\n${MEMORY_CALLS} reads: heap ${megabytes(before)} → ${megabytes(after)} MB, resident ${(after.rssBytes / 1e6).toFixed(0)} MB`,
  );
}
