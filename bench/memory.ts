import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { Era } from "@gatehouse/mcp/eras";
import { type Child, startChild, type Usage } from "./child.ts";

// What an open stream and an abandoned session cost the gateway's process, both sockets of a stream included. Fails where
// it is more than is promised.

const COUNT = 2000;
const STREAM_KB_MAX = 45;
/** Of an hour, what a session lives here. */
const SESSION_SECONDS = 20;
/** Until what has outlived its time is swept up. */
const SWEPT_MS = 55_000;
const AT_ONCE = 50;
const CLIENT = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
const INITIALIZE = { id: 1, method: "initialize", params: CLIENT };

interface House {
  url: string;
  token: string;
}

interface Cost {
  what: string;
  heapKb: number;
  residentKb: number;
}

const agent = new Agent({ keepAlive: true });
await using upstream = await startChild<{ url: string }>("streams-upstream.ts");

const costs: Cost[] = [];
const OPEN = { modern: listen, legacy: openSession, "http+sse": openSseStream } as const;
for (const front of Object.keys(OPEN) as (keyof typeof OPEN)[]) {
  for (const back of ["modern", "legacy"] as const) costs.push(await costOfStreams(front, back));
}
const [held, left] = await costOfSessions();
await report();

async function costOfStreams(front: keyof typeof OPEN, back: Era): Promise<Cost> {
  await using house = await startHouse(back);
  const open = OPEN[front];
  const opened = (await many(AT_ONCE, () => open(house.ready))).flat();
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
  const before = await settled(house);
  await many(COUNT, () => initialize(house.ready));
  const within = costOf("an abandoned session, within its time to live", before, await house.usage());
  await after(SWEPT_MS);
  return [within, costOf("an abandoned session, after it", before, await settled(house))];
}

function startHouse(back: Era): Promise<Child<House>> {
  return startChild<House>("house.ts", [upstream.ready.url, back, String(SESSION_SECONDS)]);
}

/** What is on its way to be freed, is. */
async function settled(house: Child<House>): Promise<Usage> {
  await house.usage();
  await after(3000);
  return house.usage();
}

function costOf(what: string, before: Usage, now: Usage): Cost {
  const perOne = (member: "heapBytes" | "rssBytes") => (now[member] - before[member]) / COUNT / 1024;
  return { what, heapKb: perOne("heapBytes"), residentKb: perOne("rssBytes") };
}

async function many<T>(count: number, open: () => Promise<T>): Promise<T[]> {
  const opened: T[] = [];
  while (opened.length < count) opened.push(...(await Promise.all(Array.from({ length: AT_ONCE }, open))));
  return opened;
}

/** Settles with the first event, or with the headers where `event` is not waited for. */
async function openStream(sent: ClientRequest, event: boolean): Promise<IncomingMessage> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`A stream was refused: ${response.statusCode}`);
  response.on("error", () => {});
  if (event) await once(response, "data");
  response.resume();
  return response;
}

function listen({ url, token }: House): Promise<IncomingMessage> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { notifications: { toolsListChanged: true }, _meta: meta };
  const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" };
  return openStream(post({ url, token }, { id: 1, method: "subscriptions/listen", params }, headers), true);
}

async function openSession(house: House): Promise<IncomingMessage> {
  const session = await initialize(house);
  const headers = { authorization: `Bearer ${house.token}`, accept: "text/event-stream", "mcp-session-id": session };
  return openStream(request(house.url, { headers }).end(), false);
}

/** With its session, so that it is told what the upstream says. */
async function openSseStream({ url, token }: House): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
  const sent = request(url.replace(/mcp$/, "sse"), { headers }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const [first] = (await once(response, "data")) as [Buffer];
  const messages = new URL(/^data: (.*)$/m.exec(first.toString())![1]!, url).href;
  const [accepted] = await once(post({ url: messages, token }, INITIALIZE, {}, agent), "response");
  accepted.resume();
  await once(response, "data");
  response.on("error", () => {});
  return response.resume();
}

/** Answers the session's id. */
async function initialize(house: House): Promise<string> {
  const sent = post(house, INITIALIZE, {}, agent);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return response.headers["mcp-session-id"] as string;
}

function post({ url, token }: House, message: object, more: Record<string, string>, agent?: Agent): ClientRequest {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    ...more,
  };
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  return request(url, { method: "POST", headers, ...(agent ? { agent } : {}) }).end(body);
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
Sessions live ${SESSION_SECONDS} s here instead of an hour, and as many have lived before.

| an open stream, or a session | heap, KB each | resident, KB each |
|---|---|---|
${rows.join("\n")}

Promised: at most ${STREAM_KB_MAX} KB resident for an open stream, and of an abandoned session nothing after its time to live.
${tooMuch.length > 0 ? `More than that: ${tooMuch.join("; ")}.\n` : ""}`;
  await writeFile(join(import.meta.dirname, "../docs/proof.md"), text);
  console.log(text);
  if (tooMuch.length > 0) throw new Error(`More than is promised: ${tooMuch.join(", ")}`);
}
