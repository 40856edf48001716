import { readFile } from "node:fs/promises";
import { setTimeout as after } from "node:timers/promises";
import { reportTo } from "./child.ts";
import { giveWay } from "./give-way.ts";

// Looks each second which of the clients' connections a server still has, and says when the last of each kind was gone. A
// process of its own: with thousands of connections, a look takes longer than what others measure meanwhile.

export interface LetGo {
  /** How long after it began to look; `null`: some were still there. */
  endedMs: Record<string, number | null>;
}

/** In `/proc/net/tcp`. */
const ESTABLISHED = "01";

if (process.argv[1] === import.meta.filename) {
  const [, , url, ports, patienceMs] = process.argv as [string, string, string, string, string];
  giveWay();
  process.on("disconnect", () => process.exit(0));
  reportTo(process, { endedMs: await watch(url, JSON.parse(ports), Number(patienceMs)) } satisfies LetGo);
}

async function watch(url: string, ports: Record<string, number[]>, patienceMs: number): Promise<LetGo["endedMs"]> {
  const beganAt = performance.now();
  const endedMs: LetGo["endedMs"] = Object.fromEntries(Object.keys(ports).map((kind) => [kind, null]));
  for (let passed = 0; passed < patienceMs; passed = performance.now() - beganAt) {
    const open = await connectionsTo(url);
    for (const [kind, those] of Object.entries(ports)) {
      if (!those.some((port) => open.has(port))) endedMs[kind] ??= passed;
    }
    if (!Object.values(endedMs).includes(null)) break;
    await after(1000);
  }
  return endedMs;
}

/** The other side's ports of all connections that whoever listens there has. */
export async function connectionsTo(url: string): Promise<Set<number>> {
  const portIn = (address: string) => Number.parseInt(address.split(":")[1]!, 16);
  const rows = (await readFile("/proc/net/tcp", "utf8")).split("\n").slice(1, -1);
  const here = rows
    .map((row) => row.trim().split(/\s+/) as [string, string, string, string])
    .filter(([, local, , state]) => state === ESTABLISHED && portIn(local) === Number(new URL(url).port));
  return new Set(here.map(([, , remote]) => portIn(remote)));
}
