import { startChild } from "./child.ts";
import { WAYS, WELL } from "./hostile-ways.ts";
import { median, quantile } from "./load.ts";
import { LONGER_MAX, QUIET, startNeighbours } from "./neighbours.ts";
import { writePart } from "./reliability.ts";

// What an org notices of another whose upstream is hostile: in each round beside each way of being so, and without it before
// every other one. The median of its p99s must not be 10 % longer than alone. How far off a ratio may be is told by
// drawing rounds from those that there were, and by one where nothing differs. The argument after the proof's name is how
// many rounds.

const ROUNDS = Number(process.argv[3] ?? 7);
const CALLERS = 32;
const DRAWS = 200;
const ALONE = "is not there";
const AGAIN = "is not there, once more";
const BESIDE = [AGAIN, ...Object.keys(WAYS)];

/** Each time that times were taken, by what was there. */
type Round = Map<string, number[][]>;

// What the disk takes is as long for everybody, and now and then longer than all that is measured here.
process.env.TMPDIR = "/dev/shm";
await using neighbours = await startNeighbours("hostile-upstream.ts");
await timesBeside(WELL);
const rounds: Round[] = [];
while (rounds.length < ROUNDS) rounds.push(await takeRound());
await report((await neighbours.usage()).peakRssBytes);

async function takeRound(): Promise<Round> {
  const round: Round = new Map([[ALONE, []]]);
  for (const [at, name] of BESIDE.entries()) {
    if (at % 2 === 0) round.get(ALONE)!.push(await neighbours.times());
    round.set(name, [await timesBeside(name)]);
  }
  return round;
}

async function timesBeside(name: string): Promise<number[]> {
  if (!(name in WAYS)) return neighbours.times();
  const { url, token } = neighbours.loud;
  await using _calls = await startChild("hostile-calls.ts", [url, token, name, String(CALLERS)]);
  return neighbours.times();
}

/** The median, so that what the machine does for a moment counts as one time. */
function quantileOf(name: string, part: number, among = rounds): number {
  return median(among.flatMap((round) => round.get(name)!).map((times) => quantile(times, part)));
}

function ratioOf(name: string, among = rounds): number {
  return quantileOf(name, 0.99, among) / quantileOf(ALONE, 0.99, among);
}

/** Between which nine in ten ratios are, where other rounds might have been. */
function rangeOf(name: string): string {
  const draw = () => rounds.map(() => rounds[Math.floor(Math.random() * rounds.length)]!);
  const ratios = Array.from({ length: DRAWS }, () => ratioOf(name, draw())).sort((a, b) => a - b);
  return [0.05, 0.95].map((part) => quantile(ratios, part).toFixed(2)).join("–");
}

function rowOf(name: string): string {
  const [p50, p99] = [0.5, 0.99].map((part) => quantileOf(name, part).toFixed(2));
  return `| ${name} | ${p50} | ${p99} | ${ratioOf(name).toFixed(2)} | ${name === ALONE ? "" : rangeOf(name)} |`;
}

async function report(peakBytes: number): Promise<void> {
  const hostile = Object.keys(WAYS).filter((name) => name !== WELL);
  const noticed = hostile.filter((name) => ratioOf(name) > LONGER_MAX);
  const text = `
\`npm run proof hostile-upstreams\`: one org calls ${QUIET.perSecond} times a second. Another has ${CALLERS} calls under way all the time, at an upstream that
is hostile. The gateway is on a core of its own, its Postgres in memory. Medians of ${ROUNDS} rounds of ${QUIET.duration} s each, in turn, and of ${Math.ceil(BESIDE.length / 2)} times as many with none there, in between;
the ratio is to their p99, and nine in ten ratios of rounds drawn from these are in the range beside it.

| beside an upstream that | p50 ms | p99 ms | ratio | range |
|---|---|---|---|---|
${[ALONE, ...BESIDE].map(rowOf).join("\n")}

Promised: ${LONGER_MAX} at most. Resident memory was ${(peakBytes / 1e6).toFixed(0)} MB at most.
${noticed.length > 0 ? `\nNot as promised: ${noticed.join("; ")}.\n` : ""}`;
  await writePart("What an org notices of another's hostile upstream", text);
  console.log(text);
  if (noticed.length > 0) throw new Error(`An org notices another's upstream that ${noticed.join(", or ")}`);
}
