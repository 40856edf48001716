import { startChild, type Usage } from "./child.ts";
import { timesOf } from "./load.ts";
import type { House } from "./open-streams.ts";
import { pinToCore } from "./pin-to-core.ts";

// Two orgs at one gateway, both within what the default plan allows an org: a quiet one, whose times are taken, and a loud
// one. The gateway has a core; those who call it, and whom it calls, have the other.

export const QUIET = { connections: 4, overallRate: 150, duration: 4 };
export const LONGER_MAX = 1.1;

interface Neighbours extends AsyncDisposable {
  loud: House;
  /** How long the quiet org's calls take from now on, the shortest first; in milliseconds. */
  times(): Promise<number[]>;
  /** The gateway's. */
  usage(): Promise<Usage>;
}

/** The loud one may have an upstream of its own: a file of this folder. */
export async function startNeighbours(loudUpstream?: string): Promise<Neighbours> {
  pinToCore(1, process.pid);
  await using starting = new AsyncDisposableStack();
  const start = async (file: string) => starting.use(await startChild<{ url: string }>(file)).ready.url;
  const upstream = await start("upstream.ts");
  const args = [upstream, "modern", "3600", "limits", loudUpstream ? await start(loudUpstream) : upstream];
  const house = starting.use(await startChild<House & { loud: House }>("house.ts", args));
  pinToCore(0, house.pid);
  const { loud, ...quiet } = house.ready;
  const started = starting.move();
  return {
    loud,
    times: () => timesOf(quiet, "look", QUIET),
    usage: house.usage,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
