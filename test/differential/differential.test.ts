import type { ToolDefinition } from "@gatehouse/store/tables";
import { startHouse } from "@gatehouse/testing/house";
import { type PublicServer, startEverything, startFilesystem, startMemory } from "@gatehouse/testing/public-servers";
import { expect, test } from "vitest";
import { modernThroughGateway, type RealClient, v1, v2 } from "./clients.ts";
import { type Script, scripts, transcribe } from "./transcript.ts";

type Transcript = Record<string, unknown>;
type Answer = Record<string, unknown> | null;

// The same calls by the same client, at a server itself and through the gateway.

const servers: [keyof typeof scripts, () => Promise<PublicServer>][] = [
  ["everything", startEverything],
  ["memory", startMemory],
  ["filesystem", startFilesystem],
];
const clients: [string, RealClient][] = [
  ["v1", v1],
  ["v2", v2],
];
const pairs = servers.flatMap(([name, start]) =>
  clients.map(([version, client]) => ({ name, start, version, client })),
);

test.for(pairs)(
  "server-$name answers the $version client through the gateway as it does itself",
  { timeout: 60_000 },
  async ({ name, start, client }) => {
    await using server = await start();
    const script = scripts[name](server.folder);
    const direct = await answersOf(server, client, script);
    const through = await answersThroughGateway(server, client.throughGateway, script);
    expect(through).toEqual(direct);
  },
);

/** What docs/eras.md says becomes something else between a modern client and a legacy server. */
const CHANGED = ["capabilities", "ping", "level", "subscribe", "unsubscribe", "a page to open first"];

test.for(servers)(
  "a modern client gets through the gateway what server-%s answers a legacy one",
  { timeout: 60_000 },
  async ([name, start]) => {
    await using server = await start();
    const script = omit(scripts[name](server.folder), CHANGED);
    const direct = await answersOf(server, v2, script);
    const through = await answersThroughGateway(server, modernThroughGateway, script);
    expect(withoutCaching(through)).toEqual(withoutTaskSupport(direct));
  },
);

test("a modern client is asked to open the page that a legacy server wants opened first", async () => {
  await using server = await startEverything();
  const step = "a page to open first";
  const script = { [step]: scripts.everything()[step]! };
  const { [step]: answer } = await answersThroughGateway(server, modernThroughGateway, script);
  expect(JSON.stringify(answer)).toContain("User completed the URL elicitation flow");
});

test("a tool that is not offered is unknown, whatever the server would say", async () => {
  await using server = await startMemory();
  await using house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const ada = await house.addMember(org, { email: "ada@acme.example" });
  const endpoint = await house.addConnector(org, { slug: "memory", url: server.url.href, era: "legacy", tools: [] });
  await using connected = await v1.throughGateway(endpoint.url, ada, server.folder);
  expect(await connected.client.listTools()).toEqual({ tools: [] });
  const call = connected.client.callTool({ name: "read_graph", arguments: {} });
  await expect(call).rejects.toMatchObject({ code: -32602, message: expect.stringContaining("Unknown tool") });
});

function omit(script: Script, steps: string[]): Script {
  return Object.fromEntries(Object.entries(script).filter(([step]) => !steps.includes(step)));
}

/** Of a legacy server's answers, the gateway knows only that they are stale at once and this member's alone. */
function withoutCaching(transcript: Transcript): Transcript {
  return mapAnswers(transcript, (answer) => {
    if (answer?.ttlMs === undefined) return answer;
    const { ttlMs, cacheScope, ...rest } = answer;
    expect({ ttlMs, cacheScope }).toEqual({ ttlMs: 0, cacheScope: "private" });
    return rest;
  });
}

/** A modern client knows no `execution`, and leaves it out of the tools that it tells of. */
function withoutTaskSupport(transcript: Transcript): Transcript {
  return mapAnswers(transcript, (answer) => {
    if (!Array.isArray(answer?.tools)) return answer;
    return { ...answer, tools: answer.tools.map(({ execution: _, ...tool }) => tool) };
  });
}

function mapAnswers(transcript: Transcript, map: (answer: Answer) => unknown): Transcript {
  return Object.fromEntries(Object.entries(transcript).map(([step, answer]) => [step, map(answer as Answer)]));
}

async function answersOf(server: PublicServer, client: RealClient, script: Script) {
  await server.reset();
  await using connected = await client.directly(server.url, server.folder);
  return await transcribe(connected.client, script);
}

async function answersThroughGateway(server: PublicServer, connect: RealClient["throughGateway"], script: Script) {
  const tools = (await toolsOf(server)).map((tool) => ({ ...tool, classification: "read" as const }));
  await server.reset();
  await using house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const ada = await house.addMember(org, { email: "ada@acme.example" });
  const endpoint = await house.addConnector(org, { slug: "public", url: server.url.href, era: "legacy", tools });
  await using connected = await connect(endpoint.url, ada, server.folder);
  return await transcribe(connected.client, script);
}

async function toolsOf(server: PublicServer): Promise<ToolDefinition[]> {
  await using connected = await v2.directly(server.url, server.folder);
  return (await connected.client.listTools()).tools as ToolDefinition[];
}
