import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { Era } from "@gatehouse/mcp/eras";
import { type Child, settled, startChild, type Usage } from "./child.ts";
import { median } from "./load.ts";
import { type Front, type House, initialize, many, OPEN } from "./open-streams.ts";

// What an open stream and an abandoned session cost the gateway's process, both sockets of a stream included. Fails where
// it is more than is promised.

const COUNT = 2000;
const STREAM_KB_MAX = 45;
/** Of an hour, what a session lives here. */
const SESSION_SECONDS = 20;
/** Until what has outlived its time is swept up. */
const SWEPT_MS = 55_000;
/** What stays behind stays behind every time; a heap is never quite the same twice. */
const ROUNDS = 3;
/** Opened before anything is measured. */
const WARM = 50;

interface Cost {
  what: string;
  heapKb: number;
  residentKb: number;
}

await using upstream = await startChild<{ url: string }>("streams-upstream.ts");

const costs: Cost[] = [];
for (const front of Object.keys(OPEN) as Front[]) {
  for (const back of ["modern", "legacy"] as const) costs.push(await costOfStreams(front, back));
}
const [held, left] = await costOfSessions();
await report();

async function costOfStreams(front: Front, back: Era): Promise<Cost> {
  await using house = await startHouse(back);
  const open = OPEN[front];
  const opened = await many(WARM, () => open(house.ready));
  const before = await settled(house);
  const streams = await many(COUNT, () => open(house.ready));
  const cost = costOf(`a ${front} client's at a ${back} upstream`, before, await settled(house));
  for (const stream of [...opened, ...streams]) stream.destroy();
  return cost;
}

async function costOfSessions(): Promise<[Cost, Cost]> {
  await using house = await startHouse("legacy");
  await many(COUNT, () => initialize(house.ready));
  await after(SWEPT_MS);
  const within: Cost[] = [];
  const left: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await settled(house);
    await many(COUNT, () => initialize(house.ready));
    within.push(costOf("an abandoned session, within its time to live", before, await house.usage()));
    await after(SWEPT_MS);
    left.push(costOf("an abandoned session, after it", before, await settled(house)));
  }
  return [medianOf(within), medianOf(left)];
}

function medianOf(costs: Cost[]): Cost {
  return {
    what: costs[0]!.what,
    heapKb: median(costs.map(({ heapKb }) => heapKb)),
    residentKb: median(costs.map(({ residentKb }) => residentKb)),
  };
}

function startHouse(back: Era): Promise<Child<House>> {
  return startChild<House>("house.ts", [upstream.ready.url, back, String(SESSION_SECONDS)]);
}

function costOf(what: string, before: Usage, now: Usage): Cost {
  const perOne = (member: "heapBytes" | "rssBytes") => (now[member] - before[member]) / COUNT / 1024;
  return { what, heapKb: perOne("heapBytes"), residentKb: perOne("rssBytes") };
}

async function report(): Promise<void> {
  const tooMuch = costs.filter(({ residentKb }) => residentKb > STREAM_KB_MAX).map(({ what }) => what);
  if (left.heapKb > 0.1) tooMuch.push(left.what);
  const rows = [...costs, held, left].map(
    ({ what, heapKb, residentKb }) => `| ${what} | ${heapKb.toFixed(1)} | ${residentKb.toFixed(1)} |`,
  );
  const text = `# What was measured

\`npm run proof\` opens ${COUNT} of each and asks the gateway's process, after a full collection, what it has come to use.
A stream is two sockets, the client's and the upstream's; where changes are all that can be told, the upstream's is shared by all.
Sessions live ${SESSION_SECONDS} s here instead of an hour, and as many have lived before; medians of ${ROUNDS} rounds.

| an open stream, or a session | heap, KB each | resident, KB each |
|---|---|---|
${rows.join("\n")}

Promised: at most ${STREAM_KB_MAX} KB resident for an open stream, and of an abandoned session nothing after its time to live.
${tooMuch.length > 0 ? `More than that: ${tooMuch.join("; ")}.\n` : ""}`;
  await writeFile(join(import.meta.dirname, "../docs/proof.md"), text);
  console.log(text);
  if (tooMuch.length > 0) throw new Error(`More than is promised: ${tooMuch.join(", ")}`);
}
