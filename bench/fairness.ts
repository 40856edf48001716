import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { startChild } from "./child.ts";
import { median, quantile } from "./load.ts";
import { LONGER_MAX, QUIET, startNeighbours } from "./neighbours.ts";

// What an org notices of another that floods: rounds with the flood and without it in turn. Fails where the quiet org's median
// p99 is 10 % longer. What every other round alone comes to beside the rest of them is the measure's own error.

const ROUNDS = 48;
const SECONDS = 2;
/** It is there a moment before the times are taken, and a moment longer. */
const FLOOD = { connections: 64, duration: SECONDS + 1, aheadMs: 1000 };

interface Round {
  p50Ms: number;
  p99Ms: number;
  flooded: number;
  refused: number;
}

// What the disk takes is as long for everybody, and now and then longer than all that is measured here.
process.env.TMPDIR = "/dev/shm";
await using neighbours = await startNeighbours();
await measure(true);
const without: Round[] = [];
const withFlood: Round[] = [];
for (let round = 0; round < ROUNDS; round++) {
  without.push(await measure(false));
  withFlood.push(await measure(true));
}
await report();

async function measure(isFlooded: boolean): Promise<Round> {
  const flood = isFlooded ? startFlood() : null;
  if (flood) await after(FLOOD.aheadMs);
  const times = await neighbours.times(SECONDS);
  const { calls, refused } = (await flood) ?? { calls: 0, refused: 0 };
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), flooded: calls, refused };
}

/** By a process of its own, so that it keeps nobody from taking times. */
async function startFlood(): Promise<{ calls: number; refused: number }> {
  const { url, token } = neighbours.loud;
  const args = [url, token, String(FLOOD.connections), String(FLOOD.duration)];
  await using flood = await startChild<{ calls: number; refused: number }>("flood.ts", args);
  return flood.ready;
}

async function report(): Promise<void> {
  const of = (rounds: Round[], member: keyof Round) => median(rounds.map((round) => round[member]));
  const longer = of(withFlood, "p99Ms") / of(without, "p99Ms");
  const [even, odd] = [0, 1].map((rest) => without.filter((_round, index) => index % 2 === rest)) as [Round[], Round[]];
  const error = of(odd, "p99Ms") / of(even, "p99Ms");
  const row = (name: string, rounds: Round[]) =>
    `| ${name} | ${of(rounds, "p50Ms").toFixed(2)} | ${of(rounds, "p99Ms").toFixed(2)} | ${of(rounds, "flooded")} | ${of(rounds, "refused")} |`;
  const text = `# Fairness

\`npm run proof fairness\`: one org calls ${QUIET.perSecond} times a second; in every other round another org calls as fast as it can on
${FLOOD.connections} connections, for ${FLOOD.duration} s. Both may call 1,000 times a second. The gateway is on a core of its own, its Postgres in memory. Those who flood, and their upstream,
have what the others leave of the other core, as if they were elsewhere. Medians of ${ROUNDS} rounds of ${SECONDS} s each way, in turn.

| the quiet org | p50 ms | p99 ms | the other's calls | of those, refused |
|---|---|---|---|---|
${row("alone", without)}
${row("beside the flood", withFlood)}

Its p99 is ${longer.toFixed(2)} of what it is alone; ${LONGER_MAX} at most is promised. Where nothing differs, the same measure comes to ${error.toFixed(2)}.
`;
  await writeFile(join(import.meta.dirname, "../docs/fairness.md"), text);
  console.log(text);
  if (longer > LONGER_MAX) throw new Error("An org notices another that floods");
}
