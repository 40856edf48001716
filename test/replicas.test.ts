import { arrivingProgress, connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { startSseFixture } from "@gatehouse/testing/conformance/sse-fixture";
import { startReplicas } from "@gatehouse/testing/replicas";
import type { CreateMessageResult, ElicitResult } from "@modelcontextprotocol/client";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, expect, test } from "vitest";

// Two gateways on one Postgres and one Redis, and each request goes to the other than the one before.

const BACKS = {
  "http+sse": { start: startSseFixture, era: "legacy", transport: "http+sse" },
  legacy: { start: startLegacyFixture, era: "legacy", transport: "streamable-http" },
  modern: { start: startModernFixture, era: "modern", transport: "streamable-http" },
} as const;

type Edge = keyof typeof BACKS;

const EDGES = Object.keys(BACKS) as Edge[];
const PAIRS = EDGES.flatMap((front) => EDGES.map((back) => [front, back] as const));

async function startTwo() {
  await using stack = new AsyncDisposableStack();
  const catalogue = stack.use(await startModernFixture());
  const house = stack.use(await startReplicas(2));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = (await listTools(catalogue.url)).map((tool) => ({ ...tool, classification: "read" as const }));
  const urls = new Map<Edge, string>();
  for (const edge of EDGES) {
    const { start, era, transport } = BACKS[edge];
    const fixture = stack.use(await start());
    const slug = edge.replace("+", "-");
    const endpoint = await house.addConnector(org, { slug, url: fixture.url.href, era, transport, tools });
    urls.set(edge, endpoint.url);
  }
  const opened = stack.move();
  return { alice, urls, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

let two: Awaited<ReturnType<typeof startTwo>>;
beforeAll(async () => {
  two = await startTwo();
});
afterAll(() => two[Symbol.asyncDispose]());

/** What both SDKs' clients do alike. */
interface AnyClient extends AsyncDisposable {
  listTools(): Promise<{ tools: { name: string }[] }>;
  call(name: string): Promise<string>;
  /** The progress of a call that tells of it. */
  progress(): Promise<number[]>;
}

const ADA: ElicitResult = { action: "accept", content: { name: "Ada", response: "Ada", ok: true } };
const PARIS: CreateMessageResult = { role: "assistant", model: "test", content: { type: "text", text: "Paris" } };
const ROOTS = { roots: [{ uri: "file:///home/ada", name: "home" }] };
const ARGUMENTS = { message: "Who are you?", prompt: "Capital of France?" };
const PROGRESS = { name: "test_tool_with_progress", arguments: {} };
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };

async function connectLegacy(url: string): Promise<AnyClient> {
  const connected = await connectV1(url, two.alice, { capabilities });
  const { client } = connected;
  client.setRequestHandler(ElicitRequestSchema, async () => ADA);
  client.setRequestHandler(CreateMessageRequestSchema, async () => PARIS);
  client.setRequestHandler(ListRootsRequestSchema, async () => ROOTS);
  const arrived = arrivingProgress(client);
  return {
    listTools: () => client.listTools(),
    call: async (name) => JSON.stringify(await client.callTool({ name, arguments: ARGUMENTS })),
    async progress() {
      arrived.clear();
      await client.callTool(PROGRESS, undefined, { onprogress: () => {} });
      return [...arrived.values()].flat();
    },
    [Symbol.asyncDispose]: () => connected[Symbol.asyncDispose](),
  };
}

async function connectModern(url: string): Promise<AnyClient> {
  const connected = await connectV2(url, two.alice, { capabilities });
  const { client } = connected;
  client.setRequestHandler("elicitation/create", async () => ADA);
  client.setRequestHandler("sampling/createMessage", async () => PARIS);
  client.setRequestHandler("roots/list", async () => ROOTS);
  return {
    listTools: () => client.listTools(),
    call: async (name) => JSON.stringify(await client.callTool({ name, arguments: ARGUMENTS })),
    async progress() {
      const progress: number[] = [];
      await client.callTool(PROGRESS, { onprogress: (at) => void progress.push(at.progress) });
      return progress;
    },
    [Symbol.asyncDispose]: () => connected[Symbol.asyncDispose](),
  };
}

const CONNECT: Record<Edge, (url: string) => Promise<AnyClient>> = {
  "http+sse": (url) => connectLegacy(url.replace(/mcp$/, "sse")),
  legacy: connectLegacy,
  modern: connectModern,
};

test.each(PAIRS)("a %s client at a %s server does not notice that there are two of us", async (front, back) => {
  await using client = await CONNECT[front](two.urls.get(back)!);
  for (let turn = 0; turn < 2; turn++) {
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("test_simple_text");
    expect(await client.call("test_simple_text")).toMatch(/simple text/);
    expect(await client.progress()).toEqual([0, 50, 100]);
    expect(await client.call("test_elicitation")).toContain("Ada");
    expect(await client.call("test_sampling")).toContain("Paris");
    expect(await client.call("test_input_required_result_list_roots")).toContain("file:///home/ada");
    expect(await client.call("test_input_required_result_multiple_inputs")).toContain("Paris");
    expect(await client.call("test_input_required_result_multi_round")).not.toContain("isError");
  }
});
