import { startChild } from "./child.ts";
import { WAYS, WELL } from "./hostile-ways.ts";
import { quantile } from "./load.ts";
import { LONGER_MAX, QUIET, startNeighbours } from "./neighbours.ts";
import { writePart } from "./reliability.ts";

// What an org notices of another whose upstream is hostile: in each round alone, and then beside each way of being so. Of all
// rounds together, its p99 must not be 10 % longer than alone. What the same comes to where nothing differs is the measure's
// own error. The argument after the proof's name is how many rounds.

const ROUNDS = Number(process.argv[3] ?? 6);
const CALLERS = 32;
const ALONE = "is not there";
const AGAIN = "is not there, once more";
const ALL = [ALONE, AGAIN, ...Object.keys(WAYS)];

await using neighbours = await startNeighbours("hostile-upstream.ts");
await neighbours.times();
const times = new Map<string, number[]>(ALL.map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const name of ALL) times.get(name)!.push(...(await timesBeside(name)));
}
await report((await neighbours.usage()).peakRssBytes);

async function timesBeside(name: string): Promise<number[]> {
  if (!(name in WAYS)) return neighbours.times();
  const { url, token } = neighbours.loud;
  await using _calls = await startChild("hostile-calls.ts", [url, token, name, String(CALLERS)]);
  return neighbours.times();
}

function figuresOf(name: string) {
  const sorted = times.get(name)!.toSorted((a, b) => a - b);
  return { name, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}

async function report(peakBytes: number): Promise<void> {
  const alone = figuresOf(ALONE);
  const beside = ALL.map(figuresOf).map((figures) => ({ ...figures, longer: figures.p99Ms / alone.p99Ms }));
  const hostile = beside.filter(({ name }) => name in WAYS && name !== WELL);
  const noticed = hostile.filter(({ longer }) => longer > LONGER_MAX).map(({ name }) => name);
  const text = `
\`npm run proof hostile-upstreams\`: one org calls ${QUIET.overallRate} times a second on ${QUIET.connections} connections. Another has ${CALLERS} calls under way all the time, at an upstream that
is hostile. The gateway is on a core of its own. Of all calls of ${ROUNDS} rounds of ${QUIET.duration} s each, in turn; the ratio is to the p99 with none there.

| beside an upstream that | p50 ms | p99 ms | ratio |
|---|---|---|---|
${beside.map(({ name, p50Ms, p99Ms, longer }) => `| ${name} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} | ${longer.toFixed(2)} |`).join("\n")}

Promised: ${LONGER_MAX} at most. Resident memory was ${(peakBytes / 1e6).toFixed(0)} MB at most.
${noticed.length > 0 ? `\nNot as promised: ${noticed.join("; ")}.\n` : ""}`;
  await writePart("What an org notices of another's hostile upstream", text);
  console.log(text);
  if (noticed.length > 0) throw new Error(`An org notices another's upstream that ${noticed.join(", or ")}`);
}
