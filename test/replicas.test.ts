import { connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { type Replicas, startReplicas } from "@gatehouse/testing/replicas";
import type { CreateMessageResult, ElicitResult } from "@modelcontextprotocol/client";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";

// Two gateways on one Postgres and one Redis, and each request goes to the other than the one before.

type Era = "legacy" | "modern";

const FIXTURES = { legacy: startLegacyFixture, modern: startModernFixture };
const ADA: ElicitResult = { action: "accept", content: { name: "Ada", response: "Ada", ok: true } };
const PARIS: CreateMessageResult = { role: "assistant", model: "test", content: { type: "text", text: "Paris" } };
const ROOTS = { roots: [{ uri: "file:///work", name: "work" }] };
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };

async function startPair(back: Era) {
  await using stack = new AsyncDisposableStack();
  const fixture = stack.use(await FIXTURES[back]());
  const house: Replicas = stack.use(await startReplicas(2));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = (await listTools(fixture.url)).map((tool) => ({ ...tool, classification: "read" as const }));
  const endpoint = await house.addConnector(org, { slug: back, url: fixture.url.href, era: back, tools });
  const opened = stack.move();
  return { house, alice, endpoint, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

interface Progress {
  progress: number;
}

/** What both SDKs' clients do alike. */
interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  call(name: string, onprogress?: (at: Progress) => void): Promise<string>;
}

type Pair = Awaited<ReturnType<typeof startPair>>;

const CONNECT: Record<Era, (pair: Pair) => Promise<AnyClient & AsyncDisposable>> = {
  async legacy({ endpoint, alice }) {
    const connected = await connectV1(endpoint.url, alice, { capabilities });
    const { client } = connected;
    client.setRequestHandler(ElicitRequestSchema, async () => ADA);
    client.setRequestHandler(CreateMessageRequestSchema, async () => PARIS);
    client.setRequestHandler(ListRootsRequestSchema, async () => ROOTS);
    return {
      listTools: () => client.listTools(),
      call: async (name, onprogress) =>
        JSON.stringify(
          await client.callTool({ name, arguments: ARGUMENTS }, undefined, onprogress ? { onprogress } : {}),
        ),
      [Symbol.asyncDispose]: () => connected[Symbol.asyncDispose](),
    };
  },
  async modern({ endpoint, alice }) {
    const connected = await connectV2(endpoint.url, alice, { capabilities });
    const { client } = connected;
    client.setRequestHandler("elicitation/create", async () => ADA);
    client.setRequestHandler("sampling/createMessage", async () => PARIS);
    client.setRequestHandler("roots/list", async () => ROOTS);
    return {
      listTools: () => client.listTools(),
      call: async (name, onprogress) =>
        JSON.stringify(await client.callTool({ name, arguments: ARGUMENTS }, onprogress ? { onprogress } : {})),
      [Symbol.asyncDispose]: () => connected[Symbol.asyncDispose](),
    };
  },
};

const ARGUMENTS = { message: "Who are you?", prompt: "Capital of France?" };

test.each<[Era, Era]>([
  ["legacy", "legacy"],
  ["legacy", "modern"],
  ["modern", "legacy"],
  ["modern", "modern"],
])("a %s client at a %s server does not notice that there are two of us", { timeout: 60_000 }, async (front, back) => {
  await using pair = await startPair(back);
  await using client = await CONNECT[front](pair);
  for (let turn = 0; turn < 2; turn++) {
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("test_simple_text");
    expect(await client.call("test_simple_text")).toMatch(/simple text/);
    const progress: number[] = [];
    await client.call("test_tool_with_progress", (at) => void progress.push(at.progress));
    expect(progress).toEqual([0, 50, 100]);
    expect(await client.call("test_elicitation")).toContain("Ada");
    expect(await client.call("test_sampling")).toContain("Paris");
    expect(await client.call("test_input_required_result_list_roots")).toContain("file:///work");
    expect(await client.call("test_input_required_result_multiple_inputs")).toContain("Paris");
    expect(await client.call("test_input_required_result_multi_round")).not.toContain("isError");
  }
});
