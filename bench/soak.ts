import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type Tokens, tokenFor } from "@gatehouse/testing/token-for";
import { refresh } from "./authorization.ts";
import { startChild, type Usage } from "./child.ts";
import { startDeployment } from "./deployment.ts";
import { beginSession, call, callInSession, endSession, listen, listenInSession } from "./exchanges.ts";
import { quantile } from "./load.ts";
import type { House } from "./open-streams.ts";
import { begin, type Done, type Work } from "./work.ts";

// All that clients do, for minutes, and what it leaves behind. Fails where any of it does, and where the heap of the last third
// is not that of the first. The argument is how many minutes.

const MINUTES = Number(process.argv[2] ?? 10);
/** Code is compiled, and caches are filled, before anything counts. */
const WARM_UP_MS = MINUTES * 6000;
const LOOK_MS = 5000;
const REPLACE_MS = 60_000;
const GROWTH_MAX = 1.1;
const SESSION_CALLS = 10;
const REFRESHES = 4;
const STREAM_MS = 3000;

interface Looked {
  gateway: Usage;
  auth: Usage;
}

await using upstream = await startChild<{ url: string }>("streams-upstream.ts");
const upstreamUrl = new URL(upstream.ready.url);
await using deployment = await startDeployment({ modern: upstreamUrl, legacy: upstreamUrl });
const { person, endpoints, gateways, auth } = deployment;
const modern = houseOf(endpoints.modern, await tokenFor(person, endpoints.modern));
const legacy = houseOf(endpoints.legacy, await tokenFor(person, endpoints.legacy));

const works: Work[] = [
  { what: "reads", callers: 4, pauseMs: 10, once: () => call(modern, "look") },
  { what: "writes", callers: 4, pauseMs: 10, once: () => call(modern, "change") },
  { what: "reads at a legacy upstream", callers: 2, pauseMs: 10, once: () => call(legacy, "look") },
  {
    what: `legacy sessions: begun, ${SESSION_CALLS} calls, ended`,
    callers: 2,
    pauseMs: 10,
    once: () => session(legacy),
  },
  {
    ...{ what: `sign-ins: a call with the token, ${REFRESHES} refreshes, a call after each`, callers: 1 },
    ...{ pauseMs: 1000, once: signInAndRefresh },
  },
  { what: `streams of ${STREAM_MS / 1000} s`, callers: 20, once: () => listen(modern, STREAM_MS) },
  { what: `streams of ${STREAM_MS / 1000} s in legacy sessions`, callers: 20, once: () => stream(legacy) },
];

const load = begin(works);
await after(WARM_UP_MS);
const looks = await lookOn();
await report(await load.stop());

/** At the first gateway, and at the authorization server; the second gateway is replaced now and then. */
async function lookOn(): Promise<Looked[]> {
  const looks: Looked[] = [];
  const began = performance.now();
  const isOver = () => performance.now() - began > MINUTES * 60_000;
  async function replaceOn(): Promise<void> {
    while (!isOver()) {
      await after(Math.min(REPLACE_MS, MINUTES * 20_000));
      await deployment.replace(1);
    }
  }
  const replacing = replaceOn();
  while (!isOver()) {
    await after(LOOK_MS);
    looks.push({ gateway: await gateways[0]!.usage(), auth: await auth.usage() });
  }
  await replacing;
  return looks;
}

function houseOf(url: string, { accessToken: token }: Tokens): House {
  return { url, token };
}

async function session(house: House): Promise<void> {
  const session = await beginSession(house);
  for (let calls = 0; calls < SESSION_CALLS; calls++) await callInSession(house, session, "look");
  await endSession(house, session);
}

async function stream(house: House): Promise<void> {
  const session = await beginSession(house);
  await listenInSession(house, session, STREAM_MS);
  await endSession(house, session);
}

async function signInAndRefresh(): Promise<void> {
  const tokens = await tokenFor(person, endpoints.modern);
  await call(houseOf(endpoints.modern, tokens), "look");
  for (let refreshes = 0; refreshes < REFRESHES; refreshes++) {
    await refresh(new URL("/oauth/token", endpoints.modern), tokens);
    await call(houseOf(endpoints.modern, tokens), "look");
  }
}

async function report(all: Done[]): Promise<void> {
  const failures = all.flatMap((done) => done.failures);
  const grown = (["gateway", "auth"] as const).filter((app) => growthOf(app) > GROWTH_MAX);
  const text = `# Minutes at load

\`npm run soak\` runs the authorization server and two gateways in processes of their own, and has clients do all of this at once for ${MINUTES} minutes, after
${(WARM_UP_MS / 1000).toFixed(0)} s that do not count. One gateway is replaced now and then; the other, and the authorization server, are asked every ${LOOK_MS / 1000} s what they use,
after a full collection. The run fails where anything is not answered as it should be, and where a heap of the last third is more than ${GROWTH_MAX} of the first's.

| | times | p50 ms | p99 ms | failed |
|---|---|---|---|---|
${all.map(rowOf).join("\n")}

| means, MB | the first third | the second | the last | the last to the first |
|---|---|---|---|---|
${rowsOfMemory().join("\n")}
`;
  await writeFile(join(import.meta.dirname, "../docs/soak.md"), text);
  console.log(text);
  if (failures.length > 0) throw new Error(`${failures.length} failed:\n${failures.slice(0, 20).join("\n")}`);
  if (grown.length > 0) throw new Error(`The heap has grown: ${grown.join(", ")}`);
}

function rowOf({ what, timesMs, failures }: Done): string {
  const at = (part: number) => quantile(timesMs, part).toFixed(1);
  return `| ${what} | ${timesMs.length} | ${at(0.5)} | ${at(0.99)} | ${failures.length} |`;
}

function rowsOfMemory(): string[] {
  return (["gateway", "auth"] as const).flatMap((app) =>
    (["heapBytes", "rssBytes"] as const).map((member) => {
      const thirds = thirdsOf(app, member);
      const name = `${app === "auth" ? "the authorization server" : "the gateway"}, ${member === "heapBytes" ? "heap" : "resident"}`;
      const cells = thirds.map((bytes) => (bytes / 1e6).toFixed(1));
      return `| ${[name, ...cells, (thirds[2] / thirds[0]).toFixed(2)].join(" | ")} |`;
    }),
  );
}

function growthOf(app: keyof Looked): number {
  const [first, , last] = thirdsOf(app, "heapBytes");
  return last / first;
}

function thirdsOf(app: keyof Looked, member: "heapBytes" | "rssBytes"): [number, number, number] {
  const mean = (third: number) => {
    const of = looks.slice((looks.length * third) / 3, (looks.length * (third + 1)) / 3);
    return of.reduce((sum, look) => sum + look[app][member], 0) / of.length;
  };
  return [mean(0), mean(1), mean(2)];
}
