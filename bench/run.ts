import { measureAuthorization } from "./authorization.ts";
import { type Child, startChild } from "./child.ts";
import { writePart } from "./docs.ts";
import { load, median, quantile, timesOf, WARM } from "./load.ts";
import { measureTelemetry } from "./telemetry.ts";

// Side by side in one run, interleaved: the upstream itself, the least pass-through, the gateway with everything on (tokens,
// policy, limits, strict audit, metrics and a tenth of the traces), and the same without its audit. Medians over the rounds;
// what counts is ratios. The argument is how many.

const ROUNDS = Number(process.argv[2] ?? 5);
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

type Medians = Map<Target, Figures>;

await using upstream = await startChild<{ url: string }>("upstream.ts");
await using passThrough = await startChild<{ url: string }>("pass-through.ts", [upstream.ready.url]);
await using house = await startHouse();
await using unaudited = await startHouse("modern", "3600", "unaudited");

const { commitMs } = house.ready;
const UPSTREAM: Target = { name: "upstream itself", child: upstream, ...upstream.ready, tool: "look" };
const PASS_THROUGH: Target = { name: "pass-through", child: passThrough, ...passThrough.ready, tool: "look" };
const READ: Target = { name: "gateway, a read", child: house, ...house.ready, tool: "look" };
const WRITE: Target = { name: "gateway, a write", child: house, ...house.ready, tool: "change" };
const UNAUDITED_READ: Target = { ...READ, name: "a read, nothing recorded", child: unaudited, ...unaudited.ready };
const UNAUDITED_WRITE: Target = { ...WRITE, name: "a write, nothing recorded", child: unaudited, ...unaudited.ready };
const TARGETS = [UPSTREAM, PASS_THROUGH, READ, WRITE, UNAUDITED_READ, UNAUDITED_WRITE];

for (const target of TARGETS) await load(target, target.tool, { connections: 32, amount: WARM });
const measured = new Map<number, Medians>();
for (const connections of CONNECTIONS) measured.set(connections, await compare(connections));
const [alone, together] = [measured.get(1)!, measured.get(32)!];
const memory = await watchMemory();
await report(
  "What was measured",
  `A run on two shared cores, each target having answered ${WARM.toLocaleString("en")} calls before; one commit alone took ${commitMs.toFixed(2)} ms.

${[...measured].map(([connections, medians]) => tableOf(connections, medians)).join("\n\n")}

${memory}`,
);
await report("Against what it has to be", goals());
await report("What audit costs", costOfAudit());
await measureAuthorization();
await measureTelemetry(upstream.ready.url);

function startHouse(...args: string[]): Promise<Child<House>> {
  return startChild<House>("house.ts", [upstream.ready.url, ...args], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${upstream.ready.url}/otlp`,
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.1",
  });
}

async function report(heading: string, text: string): Promise<void> {
  console.log(`\n${heading}\n\n${text}`);
  await writePart("benchmark", heading, text);
}

async function compare(connections: number): Promise<Medians> {
  const taken = new Map<Target, Figures[]>(TARGETS.map((target) => [target, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of TARGETS) taken.get(target)!.push(await measure(target, connections));
  }
  return new Map(TARGETS.map((target) => [target, mediansOf(taken.get(target)!)]));
}

async function measure(target: Target, connections: number): Promise<Figures> {
  const before = await target.child.cpuUs();
  const times = await timesOf(target, target.tool, { connections, duration: SECONDS });
  const after = await target.child.cpuUs();
  return {
    callsPerSecond: times.length / SECONDS,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    cpuUsPerCall: (after - before) / times.length,
  };
}

function mediansOf(rounds: Figures[]): Figures {
  const of = (member: keyof Figures) => median(rounds.map((figures) => figures[member]));
  return {
    callsPerSecond: of("callsPerSecond"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    cpuUsPerCall: of("cpuUsPerCall"),
  };
}

function tableOf(connections: number, medians: Medians): string {
  const least = medians.get(PASS_THROUGH)!;
  const rows = [...medians].map(([{ name }, { callsPerSecond, p50Ms, p99Ms, cpuUsPerCall }]) => {
    const cells = [
      name,
      Math.round(callsPerSecond),
      (callsPerSecond / least.callsPerSecond).toFixed(2),
      p50Ms.toFixed(2),
      p99Ms.toFixed(2),
      cpuUsPerCall.toFixed(0),
      (cpuUsPerCall / least.cpuUsPerCall).toFixed(2),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return `| ${connections} connection${connections > 1 ? "s" : ""} | calls/s | to pass-through | p50 ms | p99 ms | CPU µs a call | to pass-through |
|---|---|---|---|---|---|---|
${rows.join("\n")}`;
}

function goals(): string {
  const to = (target: Target, member: keyof Figures) =>
    (together.get(target)![member] / together.get(PASS_THROUGH)![member]).toFixed(2);
  const above = (target: Target) => `${(alone.get(target)!.p50Ms - alone.get(PASS_THROUGH)!.p50Ms).toFixed(2)} ms`;
  const commits = (count: number) => `${(count * commitMs + 0.3).toFixed(2)} ms`;
  return `| | has to be | is |
|---|---|---|
| reads at 32 connections, calls/s to pass-through | at least 0.5 | ${to(READ, "callsPerSecond")} |
| writes at 32 connections, calls/s to pass-through | at least 0.35 | ${to(WRITE, "callsPerSecond")} |
| CPU of a read, to pass-through | at most 2 | ${to(READ, "cpuUsPerCall")} |
| CPU of a write, to pass-through | at most 2.5 | ${to(WRITE, "cpuUsPerCall")} |
| a read at 1 connection, p50 above the pass-through's | one commit and 0.3 ms (${commits(1)}) | ${above(READ)} |
| a write at 1 connection, p50 above the pass-through's | two commits and 0.3 ms (${commits(2)}) | ${above(WRITE)} |`;
}

function costOfAudit(): string {
  const rows = [...measured].flatMap(([connections, medians]) =>
    [["a read", READ, UNAUDITED_READ] as const, ["a write", WRITE, UNAUDITED_WRITE] as const].map(
      ([name, audited, bare]) => {
        const [withAudit, without] = [medians.get(audited)!, medians.get(bare)!];
        const pair = (member: keyof Figures, digits: number) =>
          `${withAudit[member].toFixed(digits)} : ${without[member].toFixed(digits)}`;
        const part = (withAudit.callsPerSecond / without.callsPerSecond).toFixed(2);
        const figures = [pair("callsPerSecond", 0), part, pair("p50Ms", 2), pair("p99Ms", 2), pair("cpuUsPerCall", 0)];
        return `| ${[`${name}, ${connections}`, ...figures].join(" | ")} |`;
      },
    ),
  );
  return `With strict audit, and beside it, in the same rounds, by a second gateway whose audit rows are made and then go nowhere: the benchmark composes it so, and
nothing that is served can be. The CPU is the gateway's process alone; Postgres's is in the calls/s, since all of it shares the two cores.

| connections | calls/s, with : without | of it | p50 ms | p99 ms | CPU µs a call |
|---|---|---|---|---|---|
${rows.join("\n")}`;
}

/** After a full collection: what a hundred thousand calls leave behind. */
async function watchMemory(): Promise<string> {
  await load(READ, "look", { connections: 32, amount: MEMORY_CALLS / 10 });
  const before = await house.usage();
  await load(READ, "look", { connections: 32, amount: MEMORY_CALLS });
  const after = await house.usage();
  const megabytes = ({ heapBytes }: { heapBytes: number }) => (heapBytes / 1e6).toFixed(1);
  return `After ${MEMORY_CALLS.toLocaleString("en")} reads the heap, which had been ${megabytes(before)} MB, was ${megabytes(after)} MB, and ${(after.rssBytes / 1e6).toFixed(0)} MB were resident.`;
}
