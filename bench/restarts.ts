import { tokenFor } from "@gatehouse/testing/token-for";
import { startChild } from "./child.ts";
import { startDeployment } from "./deployment.ts";
import { beginSession, call, callInSession, callThatAsks, listen, listenInSession } from "./exchanges.ts";
import { quantile } from "./load.ts";
import type { House } from "./open-streams.ts";
import { writePart } from "./reliability.ts";
import { begin, type Done, type Work } from "./work.ts";

// Two gateways that are replaced again and again under load, as deployments do. Fails where a call does, unless it waits for a
// person. The argument after the proof's name is how often.

const ROUNDS = Number(process.argv[3] ?? 10);
const LATE_MS_MAX = 200;

await using upstream = await startChild<{ url: string }>("streams-upstream.ts");
const upstreamUrl = new URL(upstream.ready.url);
await using deployment = await startDeployment({ modern: upstreamUrl, legacy: upstreamUrl });
const houseOf = async (url: string): Promise<House> => ({
  url,
  token: (await tokenFor(deployment.person, url)).accessToken,
});
const modern = await houseOf(deployment.endpoints.modern);
const legacy = await houseOf(deployment.endpoints.legacy);
const modernSession = await beginSession(modern);
const legacySession = await beginSession(legacy);
const asking = await beginSession(modern, { elicitation: {} });
const late = () => ({ lateMs: 1 + Math.random() * LATE_MS_MAX });

const works: Work[] = [
  { what: "reads of modern clients", callers: 3, once: () => call(modern, "look", late()) },
  { what: "writes of modern clients", callers: 2, once: () => call(modern, "change", late()) },
  { what: "reads of modern clients that take 5 s", callers: 3, once: () => call(modern, "look", { lateMs: 5000 }) },
  { what: "reads of modern clients at a legacy upstream", callers: 2, once: () => call(legacy, "look", late()) },
  {
    ...{ what: "reads in a legacy client's session", callers: 2 },
    once: () => callInSession(modern, modernSession, "look", late()),
  },
  {
    ...{ what: "writes in a legacy client's session at a legacy upstream", callers: 2 },
    once: () => callInSession(legacy, legacySession, "change", late()),
  },
  {
    what: "calls that wait for a person, which end as interrupted",
    callers: 2,
    once: () => callThatAsks(modern, asking),
  },
  { what: "streams of modern clients, until they end", callers: 10, once: () => listen(modern) },
  {
    ...{ what: "streams of legacy clients, until they end", callers: 10 },
    once: async () => listenInSession(modern, await beginSession(modern)),
  },
];

const load = begin(works);
const began = performance.now();
for (let round = 0; round < ROUNDS; round++) for (const index of [0, 1]) await deployment.replace(index);
const seconds = (performance.now() - began) / 1000;
const stopped = load.stop();
// Ends what waits for a person, and the streams.
for (const gateway of deployment.gateways) await gateway.stop();
await report(await stopped);

async function report(all: Done[]): Promise<void> {
  const failures = all.flatMap((done) => done.failures);
  const waited = all.find(({ what }) => what.startsWith("calls that wait"))!;
  const text = `
\`npm run proof restarts\` replaces both of two gateways, one after the other, ${ROUNDS} times in ${seconds.toFixed(0)} s, as a deployment does: the new one is given calls once it is
ready, the old one gets SIGTERM and no calls once it is not. Calls and streams go on all the time, through one address. The run fails where any of them does, where a call
that waits for a person does not end as interrupted, where a stream breaks off, and where a gateway does not exit with 0.

| | ended | p50 ms | the longest, ms | failed |
|---|---|---|---|---|
${all.map(rowOf).join("\n")}
`;
  await writePart("While gateways are replaced", text);
  console.log(text);
  if (failures.length > 0) throw new Error(`${failures.length} failed:\n${failures.slice(0, 20).join("\n")}`);
  if (waited.timesMs.length < ROUNDS) throw new Error("Calls that waited for a person were not interrupted each time");
}

function rowOf({ what, timesMs, failures }: Done): string {
  const cells = [what, timesMs.length, quantile(timesMs, 0.5).toFixed(0), timesMs.at(-1)!.toFixed(0), failures.length];
  return `| ${cells.join(" | ")} |`;
}
