import { setTimeout as after } from "node:timers/promises";
import { type Child, settled, startChild, type Usage } from "./child.ts";
import { writePart } from "./docs.ts";
import { giveWay } from "./give-way.ts";
import { connectionsTo, type LetGo } from "./let-go.ts";
import { load, median, quantile, steadyTimesOf, WARM } from "./load.ts";
import type { Front, House } from "./open-streams.ts";
import { pinToCore } from "./pin-to-core.ts";
import type { SlowClients } from "./slow-clients.ts";

// Ten thousand open streams, and what is left when they have closed; then clients that take their time, and what others
// notice of them. How many, unless so many: the argument after the proof's name.

const STREAMS = Number(process.argv[3] ?? 10_000);
const STREAM_KB_MAX = 45;
const BACK_MAX = 1.2;
/** Of an hour, what a session lives here. */
const SESSION_SECONDS = 20;
/** Until what has outlived its time is swept up. */
const SWEPT_MS = 55_000;
const FIRST = 50;

/** Of each: those that are slow, and those that say nothing. */
const HALF = STREAMS / 5;
const QUIET = { perSecond: 150, duration: 5 };
const WINDOWS = 4;
const LONGER_MAX = 1.25;
/** While all are there: a stream's worth each, and what the few have not read of their 8 MB, twice. */
const GROWTH_BYTES_MAX = 2 * HALF * STREAM_KB_MAX * 1024 + 50 * 2 * 8 * 1024 * 1024;
/** Longer than any deadline there is for a client, counted from when its answer has been taken in. */
const PATIENCE_MS = 240_000;

interface State {
  what: string;
  usage: Usage;
}

interface Kind {
  what: string;
  count: number;
  /** Until the gateway had let go of all of them; `null`: it did not. */
  endedMs: number | null;
}

interface Slow {
  kinds: Kind[];
  before: Usage;
  afterwards: Usage;
  /** Of the other org: `coming` is while their calls and answers come in, `there` while they take their time. */
  p99Ms: { before: number; coming: number; there: number };
}

await using upstream = await startChild<{ url: string }>("streams-upstream.ts");
/** Of the org that notices, or does not. */
await using another = await startChild<{ url: string }>("upstream.ts");
const states = await holdStreams();
const slow = await bearSlowClients();
await report();

async function holdStreams(): Promise<State[]> {
  await using house = await startHouse("legacy");
  await openAndClose(house, FIRST);
  const states: State[] = [{ what: "at the start", usage: await settled(house) }];
  for (const again of ["", " again"]) {
    const open = await openAndClose(house, STREAMS);
    states.push({ what: `${STREAMS} open${again}`, usage: open });
    await settled(house);
    states.push({ what: `closed${again}`, usage: await house.trimmed() });
  }
  return states;
}

/** Half of them of either era, by a process each. Answers what they cost while they are open. */
async function openAndClose(house: Child<House>, count: number): Promise<Usage> {
  const usage = await held(house, count);
  await after(SWEPT_MS);
  return usage;
}

async function held(house: Child<House>, count: number): Promise<Usage> {
  const { url, token } = house.ready;
  const hold = (front: Front) => startChild("streams-client.ts", [front, url, token, String(count / 2)]);
  await using _modern = await hold("modern");
  await using _legacy = await hold("legacy");
  const usage = await settled(house);
  const open = (await connectionsTo(url)).size;
  if (open < count) throw new Error(`${count - open} streams did not stay open`);
  return usage;
}

async function bearSlowClients(): Promise<Slow> {
  for (const pid of [process.pid, upstream.pid, another.pid]) pinToCore(1, pid);
  giveWay(upstream.pid);
  // What the disk takes is as long for everybody, and now and then longer than all that is measured here.
  process.env.TMPDIR = "/dev/shm";
  await using house = await startHouse("modern", another.ready.url);
  pinToCore(0, house.pid);
  await load(house.ready, "look", { connections: 16, amount: WARM });
  const p99Before = await p99Of(house.ready);
  const before = await settled(house);
  const { url, token } = house.ready.loud;
  await using clients = await startChild<SlowClients>("slow-clients.ts", [url, token, String(HALF)]);
  const { ports } = clients.ready;
  const letGo = startChild<LetGo>("let-go.ts", [url, JSON.stringify(ports), String(PATIENCE_MS)]);
  const p99Ms = { before: p99Before, coming: await p99Of(house.ready), there: await p99Of(house.ready) };
  const { endedMs } = await endOf(letGo);
  const kinds = Object.entries(ports).map(([what, { length }]) => ({ what, count: length, endedMs: endedMs[what]! }));
  return { before, afterwards: await settled(house), p99Ms, kinds };
}

async function endOf(watching: Promise<Child<LetGo>>): Promise<LetGo> {
  await using watcher = await watching;
  return watcher.ready;
}

async function p99Of(quiet: House): Promise<number> {
  const found: number[] = [];
  while (found.length < WINDOWS) found.push(quantile(await steadyTimesOf(quiet, "look", QUIET), 0.99));
  return median(found);
}

/** `quiet` is where the org that is not loud calls. */
function startHouse(back: "legacy" | "modern", quiet = upstream.ready.url): Promise<Child<House & { loud: House }>> {
  return startChild("house.ts", [quiet, back, String(SESSION_SECONDS), "", upstream.ready.url]);
}

async function report(): Promise<void> {
  const problems = [...problemsOfStreams(), ...problemsOfSlowClients()];
  const text = `
\`npm run proof streams\` has two processes open ${STREAMS} streams at one gateway, half of them modern clients', which share one upstream stream, and half
legacy ones', with an upstream stream each; closes them, waits until their sessions are over (${SESSION_SECONDS} s here, instead of an hour), and does it again. After a full collection each time, and when they are closed once V8 has given back the pages that it keeps for later: a process that has
little to do gives them back by itself; one that is busy keeps them, as much as it has needed before, and fills them again.

| | heap, MB | resident, MB | resident, KB a stream |
|---|---|---|---|
${states.map(rowOfState).join("\n")}

Promised: at most ${STREAM_KB_MAX} KB resident for a stream, a heap that comes back to the start within 20 %, and resident memory that the second time does not leave higher.

Then ${HALF} slow clients and ${HALF} idle sockets come at once, while another org calls ${QUIET.perSecond} times a second, at an upstream of its own. The gateway is on a core of its own, its Postgres in memory; the slow clients and
their upstream have what the others leave of the other core, as if they were elsewhere.

| clients that | | the gateway has let go of all after |
|---|---|---|
${slow.kinds.map(({ what, count, endedMs }) => `| ${what} | ${count} | ${endedMs === null ? "**not at all**" : `${(endedMs / 1000).toFixed(0)} s`} |`).join("\n")}

Resident memory is ${megabytes(slow.before.rssBytes)} MB before, ${megabytes(slow.afterwards.peakRssBytes)} MB at most (${megabytes(slow.before.rssBytes + GROWTH_BYTES_MAX)} MB are promised), ${megabytes(slow.afterwards.rssBytes)} MB afterwards; the heap ${megabytes(slow.before.heapBytes)} MB before and ${megabytes(slow.afterwards.heapBytes)} MB afterwards.
The other org's p99 is ${slow.p99Ms.before.toFixed(1)} ms before, ${slow.p99Ms.coming.toFixed(1)} ms in the ${WINDOWS * QUIET.duration} s in which they come with all that they call for, and ${slow.p99Ms.there.toFixed(1)} ms in the ${WINDOWS * QUIET.duration} s after that, while they are there
(medians of ${WINDOWS} times ${QUIET.duration} s); ${LONGER_MAX} of it at most is promised.
${problems.length > 0 ? `\nNot as promised: ${problems.join("; ")}.\n` : ""}`;
  await writePart("proof", "Many streams, and clients that take their time", text);
  console.log(text);
  if (problems.length > 0) throw new Error(`Not as promised: ${problems.join("; ")}`);
}

function rowOfState({ what, usage }: State): string {
  const each = what.includes("open") ? kilobytesEach(usage).toFixed(1) : "";
  return `| ${what} | ${megabytes(usage.heapBytes)} | ${megabytes(usage.rssBytes)} | ${each} |`;
}

function problemsOfStreams(): string[] {
  const [start, open, closed, , closedAgain] = states.map(({ usage }) => usage) as [Usage, Usage, Usage, Usage, Usage];
  const problems: string[] = [];
  if (kilobytesEach(open) > STREAM_KB_MAX) problems.push("a stream takes more");
  if (closedAgain.heapBytes > start.heapBytes * BACK_MAX) problems.push("the heap does not come back");
  if (closedAgain.rssBytes > closed.rssBytes * BACK_MAX) problems.push("resident memory grows from time to time");
  return problems;
}

function problemsOfSlowClients(): string[] {
  const { kinds, p99Ms, before, afterwards } = slow;
  const problems = kinds
    .filter(({ endedMs }) => endedMs === null)
    .map(({ what }) => `those that ${what} are not ended`);
  if (afterwards.peakRssBytes - before.rssBytes > GROWTH_BYTES_MAX) problems.push("slow clients take more memory");
  if (afterwards.heapBytes > before.heapBytes * BACK_MAX)
    problems.push("the heap does not come back after slow clients");
  if (p99Ms.coming > p99Ms.before * LONGER_MAX) problems.push("others notice that slow clients come");
  if (p99Ms.there > p99Ms.before * LONGER_MAX) problems.push("others notice slow clients that are there");
  return problems;
}

function kilobytesEach({ rssBytes }: Usage): number {
  return (rssBytes - states[0]!.usage.rssBytes) / STREAMS / 1024;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
