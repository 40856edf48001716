import { startChild, type Usage } from "./child.ts";
import { giveWay } from "./give-way.ts";
import { load, steadyTimesOf, WARM } from "./load.ts";
import type { House } from "./open-streams.ts";
import { pinToCore } from "./pin-to-core.ts";

// Two orgs at one gateway, both within their plan: a quiet one, whose times are taken, and a loud one. The gateway has a core;
// those who call it, and whom it calls, have the other. There, whoever is the loud one's gives way.

export const QUIET = { perSecond: 150, duration: 4 };
export const LONGER_MAX = 1.1;

interface Neighbours extends AsyncDisposable {
  loud: House;
  /** How long the quiet org's calls take from now on, the shortest first; in milliseconds. */
  times(seconds?: number): Promise<number[]>;
  /** The gateway's. */
  usage(): Promise<Usage>;
}

/** Each has an upstream of its own; the loud one's is a file of this folder. */
export async function startNeighbours(loudUpstream = "upstream.ts"): Promise<Neighbours> {
  pinToCore(1, process.pid);
  await using starting = new AsyncDisposableStack();
  const start = async (file: string) => starting.use(await startChild<{ url: string }>(file));
  const upstream = (await start("upstream.ts")).ready.url;
  const elsewhere = await start(loudUpstream);
  giveWay(elsewhere.pid);
  const args = [upstream, "modern", "3600", "limits", elsewhere.ready.url];
  const house = starting.use(await startChild<House & { loud: House; endless: House }>("house.ts", args));
  pinToCore(0, house.pid);
  const { loud, endless, ...quiet } = house.ready;
  await load(endless, "look", { connections: 16, amount: WARM });
  const started = starting.move();
  return {
    loud,
    times: (duration = QUIET.duration) => steadyTimesOf(quiet, "look", { ...QUIET, duration }),
    usage: house.usage,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
