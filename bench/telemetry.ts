import { setTimeout as after } from "node:timers/promises";
import { type Child, startChild } from "./child.ts";
import { writePart } from "./docs.ts";
import { median, timesOf, WARM } from "./load.ts";
import type { House } from "./open-streams.ts";

// What telemetry costs a call, in CPU: gateways that differ in nothing else are called in turn.

const ROUNDS = 9;
const SECONDS = 3;
const CONNECTIONS = 32;
const PART_MAX = 0.1;
/** What a round has caused is exported before its end. */
const EXPORTED = { OTEL_BSP_SCHEDULE_DELAY: "500" };
const EXPORTED_MS = 1000;

interface Way {
  name: string;
  house: Child<House>;
  cpuUs: number[];
}

/** Throws where the part of it is more than is promised. */
export async function measureTelemetry(upstreamUrl: string): Promise<void> {
  await using receiver = await startChild<{ url: string }>("otlp-receiver.ts");
  const endpoint = { ...EXPORTED, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.ready.url };
  const tenth = { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" };
  const start = (env: object) => startChild<House>("house.ts", [upstreamUrl], { ...endpoint, ...env });
  await using none = await start({ OTEL_SDK_DISABLED: "true" });
  await using some = await start(tenth);
  await using all = await start({});
  const without: Way = { name: "none of it (`OTEL_SDK_DISABLED=true`)", house: none, cpuUs: [] };
  const sampled: Way = { name: "a tenth of the traces, as `docker-compose.yml` has it", house: some, cpuUs: [] };
  const whole: Way = { name: "all traces, the default where nothing is said", house: all, cpuUs: [] };
  const ways = [without, sampled, whole];

  for (const { house } of ways) await timesOf(house.ready, "look", { connections: CONNECTIONS, amount: WARM });
  for (let round = 0; round < ROUNDS; round++) for (const way of ways) way.cpuUs.push(await cpuOfACall(way.house));
  const { bytes } = (await (await fetch(receiver.ready.url)).json()) as { bytes: number };
  if (bytes === 0) throw new Error("No telemetry has arrived");
  await report(ways, without, sampled, bytes);
}

async function cpuOfACall(house: Child<House>): Promise<number> {
  const before = await house.cpuUs();
  const times = await timesOf(house.ready, "look", { connections: CONNECTIONS, duration: SECONDS });
  await after(EXPORTED_MS);
  return ((await house.cpuUs()) - before) / times.length;
}

async function report(ways: Way[], without: Way, sampled: Way, bytes: number): Promise<void> {
  const partOf = ({ cpuUs }: Way) => median(cpuUs.map((us, round) => 1 - without.cpuUs[round]! / us));
  const rows = ways.map((way) => `| ${way.name} | ${median(way.cpuUs).toFixed(0)} | ${percent(partOf(way))} |`);
  const text = `Reads at ${CONNECTIONS} connections by gateways that differ in this alone, called in turn, ${ROUNDS} times ${SECONDS} s each, after ${WARM.toLocaleString("en")} calls; medians of what their processes take,
the time to export included, and of the parts in each round. Spans, metrics and log lines go by OTLP to another process, which got ${(bytes / 1e6).toFixed(0)} MB. What \`/metrics\` says is counted in all of them.

| telemetry | CPU µs a call | of that, telemetry |
|---|---|---|
${rows.join("\n")}

Promised, sampled as deployed: at most ${percent(PART_MAX)}.`;
  console.log(`\n${text}`);
  await writePart("benchmark", "What telemetry costs", text);
  if (partOf(sampled) > PART_MAX) throw new Error("Telemetry costs more than is promised");
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
