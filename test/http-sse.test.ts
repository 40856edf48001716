import { arrivingProgress, connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { type SseFixture, startSseFixture } from "@gatehouse/testing/conformance/sse-fixture";
import { startHouse } from "@gatehouse/testing/house";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";

// The deprecated HTTP+SSE transport (2024-11-05) at both edges, with the v1 SDK's own client and server of it.

const UPSTREAMS = {
  "http+sse": { start: startSseFixture, era: "legacy", transport: "http+sse" },
  legacy: { start: startLegacyFixture, era: "legacy", transport: "streamable-http" },
  modern: { start: startModernFixture, era: "modern", transport: "streamable-http" },
} as const;

async function startAcross(kind: keyof typeof UPSTREAMS) {
  await using stack = new AsyncDisposableStack();
  const { start, era, transport } = UPSTREAMS[kind];
  const fixture = stack.use(await start());
  const catalogue = stack.use(await startModernFixture());
  const house = stack.use(await startHouse());
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = (await listTools(catalogue.url)).map((tool) => ({ ...tool, classification: "read" as const }));
  const endpoint = await house.addConnector(org, { slug: "tools", url: fixture.url.href, era, transport, tools });
  const opened = stack.move();
  const sseUrl = endpoint.url.replace(/mcp$/, "sse");
  return { fixture, house, org, alice, endpoint, sseUrl, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

type Across = Awaited<ReturnType<typeof startAcross>>;

const ADA = { action: "accept" as const, content: { response: "Ada" } };
const PARIS = { role: "assistant" as const, model: "test", content: { type: "text" as const, text: "Paris" } };
const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]!.text;

async function connectLegacy(across: Across, url: string) {
  const connected = await connectV1(url, across.alice, { capabilities: { elicitation: {}, sampling: {} } });
  connected.client.setRequestHandler(ElicitRequestSchema, async () => ADA);
  connected.client.setRequestHandler(CreateMessageRequestSchema, async () => PARIS);
  return connected;
}

async function connectModern(across: Across) {
  const capabilities = { elicitation: { form: {} }, sampling: {} };
  const connected = await connectV2(across.endpoint.url, across.alice, { era: "modern", capabilities });
  connected.client.setRequestHandler("elicitation/create", async () => ADA);
  connected.client.setRequestHandler("sampling/createMessage", async () => PARIS);
  return connected;
}

const CLIENTS = {
  "http+sse": (across: Across) => connectLegacy(across, across.sseUrl),
  legacy: (across: Across) => connectLegacy(across, across.endpoint.url),
  modern: connectModern,
};

const PAIRS = [
  ["http+sse", "http+sse"],
  ["http+sse", "legacy"],
  ["http+sse", "modern"],
  ["legacy", "http+sse"],
  ["modern", "http+sse"],
] as const;

const PROGRESS = { name: "test_tool_with_progress", arguments: {} };

/** As the two SDKs have it. */
type CallTool = (call: typeof PROGRESS, ...options: unknown[]) => Promise<unknown>;

test.each(PAIRS)(
  "a client of %s lists and calls at an upstream of %s, is told of progress, and is asked",
  async (from, to) => {
    await using across = await startAcross(to);
    await using connected = await CLIENTS[from](across);
    const { client } = connected;
    expect(client.getServerVersion()?.name).toBe("gatehouse-conformance-fixture");
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("test_simple_text");
    expect(textOf(await client.callTool({ name: "test_simple_text", arguments: {} }))).toMatch(/simple text/);

    const progress: number[] = [];
    const arrived = from === "http+sse" ? arrivingProgress(client as Client) : null;
    const options = { onprogress: (at: { progress: number }) => void progress.push(at.progress) };
    const callTool = client.callTool.bind(client) as CallTool;
    await (from === "modern" ? callTool(PROGRESS, options) : callTool(PROGRESS, undefined, options));
    expect(arrived ? [...arrived.values()].flat() : progress).toEqual([0, 50, 100]);

    const elicited = await client.callTool({ name: "test_elicitation", arguments: { message: "Who are you?" } });
    expect(textOf(elicited)).toContain("Ada");
    const sampled = await client.callTool({ name: "test_sampling", arguments: { prompt: "Capital of France?" } });
    expect(textOf(sampled)).toContain("Paris");
  },
);

test.each([
  ["http+sse", "http+sse"],
  ["http+sse", "legacy"],
  ["http+sse", "modern"],
  ["legacy", "http+sse"],
] as const)("a client of %s hears at an upstream of %s that the tools have changed", async (from, to) => {
  await using across = await startAcross(to);
  await using connected = await CLIENTS[from](across);
  const { client } = connected as Awaited<ReturnType<typeof connectLegacy>>;
  let told = false;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    told = true;
  });
  // The stream that it comes on may be opened behind the client's back.
  await expect
    .poll(() => client.callTool({ name: "test_trigger_tool_change", arguments: {} }).then(() => told))
    .toBe(true);
});

test.each(["http+sse", "legacy", "modern"] as const)(
  "a client of HTTP+SSE gets the log lines of an upstream of %s",
  async (to) => {
    await using across = await startAcross(to);
    await using connected = await connectLegacy(across, across.sseUrl);
    const lines: unknown[] = [];
    connected.client.setNotificationHandler(
      LoggingMessageNotificationSchema,
      ({ params }) => void lines.push(params.data),
    );
    await connected.client.setLoggingLevel("debug");
    await connected.client.callTool({ name: "test_tool_with_logging", arguments: {} });
    expect(lines.length).toBe(3);
  },
);

test("an upstream's session ends with its client's stream, and a modern client's is its own", async () => {
  await using across = await startAcross("http+sse");
  const { sessions } = across.fixture as SseFixture;
  const first = await connectLegacy(across, across.sseUrl);
  await using second = await connectModern(across);
  await second.client.callTool({ name: "test_simple_text", arguments: {} });
  expect(sessions()).toBe(2);
  await first.client.close();
  await expect.poll(sessions).toBe(1);
});

test.each(["http+sse", "legacy", "modern"] as const)(
  "a client of %s whose upstream dropped all streams goes on with its next call",
  async (from) => {
    await using across = await startAcross("http+sse");
    await using connected = await CLIENTS[from](across);
    const { sessions, opened, dropStreams } = across.fixture as SseFixture;
    const call = { name: "test_simple_text", arguments: {} };
    await connected.client.callTool(call);
    dropStreams();
    await expect.poll(sessions).toBe(0);
    expect(textOf(await connected.client.callTool(call))).toMatch(/simple text/);
    expect(opened()).toBe(2);
    const elicited = await connected.client.callTool({ name: "test_elicitation", arguments: { message: "Who?" } });
    expect(textOf(elicited)).toContain("Ada");
  },
);

test("many calls at once are each given their own answer and progress", async () => {
  await using across = await startAcross("http+sse");
  await using connected = await connectLegacy(across, across.sseUrl);
  const { client } = connected;
  const arrived = arrivingProgress(client);
  const calls = Array.from({ length: 20 }, () => client.callTool(PROGRESS, undefined, { onprogress: () => {} }));
  for (const answer of await Promise.all(calls)) expect(answer.isError).toBeFalsy();
  expect([...arrived.values()]).toEqual(Array(20).fill([0, 50, 100]));
});

const RESULTS: Record<string, object> = {
  initialize: { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "test", version: "1" } },
  "tools/call": { content: [] },
};

test.each([
  ["in the same turn as", false],
  ["a microtask before", true],
])("the v1 client tells of progress that it is handed %s the answer: %s", async (_when, told) => {
  const transport: Transport = {
    async start() {},
    async close() {},
    async send(message) {
      if (!("id" in message)) return;
      const { id, method } = message as { id: number; method: string };
      const params = { progressToken: id, progress: 100 };
      if (method === "tools/call") transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/progress", params });
      if (told) await undefined;
      transport.onmessage?.({ jsonrpc: "2.0", id, result: RESULTS[method] ?? {} } as never);
    },
  };
  const client = new Client({ name: "old-client", version: "1.0.0" });
  await client.connect(transport);
  const progress: number[] = [];
  const onprogress = (at: { progress: number }) => void progress.push(at.progress);
  await client.request({ method: "tools/call", params: PROGRESS }, CallToolResultSchema, { onprogress });
  expect(progress).toEqual(told ? [100] : []);
});
