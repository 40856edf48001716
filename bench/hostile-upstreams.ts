import { startChild } from "./child.ts";
import { WAYS } from "./hostile-ways.ts";
import { median } from "./load.ts";
import { LONGER_MAX, QUIET, startNeighbours, type Times } from "./neighbours.ts";
import { writePart } from "./reliability.ts";

// What an org notices of another whose upstream is hostile: in each round alone, and then beside each way of being so. Fails
// where its median p99 is 10 % longer. The argument after the proof's name is how many rounds.

const ROUNDS = Number(process.argv[3] ?? 5);
const CALLERS = 32;
const ALONE = "is not there";

await using neighbours = await startNeighbours("hostile-upstream.ts");
await neighbours.times();
const rounds: Map<string, Times>[] = [];
for (let round = 0; round < ROUNDS; round++) rounds.push(await measure());
await report((await neighbours.usage()).peakRssBytes);

async function measure(): Promise<Map<string, Times>> {
  const times = new Map([[ALONE, await neighbours.times()]]);
  for (const way of Object.keys(WAYS)) times.set(way, await timesBeside(way));
  return times;
}

async function timesBeside(way: string): Promise<Times> {
  const { url, token } = neighbours.loud;
  await using _calls = await startChild("hostile-calls.ts", [url, token, way, String(CALLERS)]);
  return neighbours.times();
}

async function report(peakBytes: number): Promise<void> {
  const beside = [ALONE, ...Object.keys(WAYS)].map((name) => {
    const of = (member: keyof Times) => median(rounds.map((times) => times.get(name)![member]));
    const longer = median(rounds.map((times) => times.get(name)!.p99Ms / times.get(ALONE)!.p99Ms));
    return { name, p50Ms: of("p50Ms"), p99Ms: of("p99Ms"), longer };
  });
  const noticed = beside.filter(({ longer }) => longer > LONGER_MAX).map(({ name }) => name);
  const text = `
\`npm run proof hostile-upstreams\`: one org calls ${QUIET.overallRate} times a second on ${QUIET.connections} connections. Another has ${CALLERS} calls under way all the time, at an upstream that
is hostile. The gateway is on a core of its own. Medians of ${ROUNDS} rounds of ${QUIET.duration} s each, in turn; the ratio is to the round's own p99 with none there.

| beside an upstream that | p50 ms | p99 ms | ratio |
|---|---|---|---|
${beside.map(({ name, p50Ms, p99Ms, longer }) => `| ${name} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} | ${longer.toFixed(2)} |`).join("\n")}

Promised: ${LONGER_MAX} at most. Resident memory was ${(peakBytes / 1e6).toFixed(0)} MB at most.
${noticed.length > 0 ? `\nNot as promised: ${noticed.join("; ")}.\n` : ""}`;
  await writePart("What an org notices of another's hostile upstream", text);
  console.log(text);
  if (noticed.length > 0) throw new Error(`An org notices another's upstream that ${noticed.join(", or ")}`);
}
