import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import autocannon from "autocannon";
import { startChild } from "./child.ts";

// What an org notices of another that floods, both within what the default plan allows an org: rounds with the flood and without it in turn. The
// gateway has a core, and those who call it have the other. Fails where the quiet org's median p99 is 10 % longer.

const ROUNDS = 9;
const SECONDS = 4;
const QUIET = { connections: 4, overallRate: 150 };
const FLOOD = { connections: 64 };
const LONGER_MAX = 1.1;

interface Place {
  url: string;
  token: string;
}

interface Round {
  p50Ms: number;
  p99Ms: number;
  flooded: number;
  refused: number;
}

pinToCore(1, process.pid);
await using upstream = await startChild<{ url: string }>("upstream.ts");
await using house = await startChild<Place & { loud: Place }>("house.ts", [
  upstream.ready.url,
  "modern",
  "3600",
  "limits",
]);
pinToCore(0, house.pid);
const { loud, ...quiet } = house.ready;

await measure(true);
const without: Round[] = [];
const withFlood: Round[] = [];
for (let round = 0; round < ROUNDS; round++) {
  without.push(await measure(false));
  withFlood.push(await measure(true));
}
await report();

/** All threads of the process. */
function pinToCore(core: number, pid: number): void {
  if (cpus().length < 2) throw new Error("This takes two cores");
  execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", String(core), String(pid)]);
}

async function measure(isFlooded: boolean): Promise<Round> {
  const times: number[] = [];
  const flood = isFlooded ? load(loud, FLOOD) : null;
  const { non2xx, errors } = await load(quiet, QUIET, (ms) => times.push(ms));
  if (non2xx + errors > 0) throw new Error(`The quiet org was refused: ${non2xx} bad answers, ${errors} errors`);
  const flooded = await flood;
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.floor(times.length * part)]!;
  return { p50Ms: at(0.5), p99Ms: at(0.99), flooded: flooded?.requests.total ?? 0, refused: flooded?.non2xx ?? 0 };
}

function load({ url, token }: Place, how: object, onAnswer?: (ms: number) => void) {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name: "look", arguments: { message: "hello" }, _meta: meta };
  return autocannon({
    ...{ url, method: "POST", duration: SECONDS, ...how },
    setupClient: (client) => onAnswer && client.on("response", (_status, _bytes, ms) => onAnswer(ms)),
    headers: {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...{ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "look" },
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
}

function median(rounds: Round[], member: keyof Round): number {
  return rounds.map((round) => round[member]).toSorted((a, b) => a - b)[rounds.length >> 1]!;
}

async function report(): Promise<void> {
  const longer = median(withFlood, "p99Ms") / median(without, "p99Ms");
  const row = (name: string, rounds: Round[]) =>
    `| ${name} | ${median(rounds, "p50Ms").toFixed(2)} | ${median(rounds, "p99Ms").toFixed(2)} | ${median(rounds, "flooded")} | ${median(rounds, "refused")} |`;
  const text = `# Fairness

\`npm run proof fairness\`: one org calls ${QUIET.overallRate} times a second on ${QUIET.connections} connections; in every other round another org calls as fast as
it can on ${FLOOD.connections}. Both are allowed what the default plan allows an org. The gateway is on a core of its own. Medians of ${ROUNDS} rounds of ${SECONDS} s each way, in turn.

| the quiet org | p50 ms | p99 ms | the other's calls | of those, refused |
|---|---|---|---|---|
${row("alone", without)}
${row("beside the flood", withFlood)}

Its p99 is ${longer.toFixed(2)} of what it is alone; ${LONGER_MAX} at most is promised.
`;
  await writeFile(join(import.meta.dirname, "../docs/fairness.md"), text);
  console.log(text);
  if (longer > LONGER_MAX) throw new Error("An org notices another that floods");
}
