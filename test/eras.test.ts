import { connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { startHouse } from "@gatehouse/testing/house";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";

// Clients of one era at servers of the other, both real.

async function startAcross(era: "legacy" | "modern") {
  await using stack = new AsyncDisposableStack();
  const fixture = stack.use(await (era === "legacy" ? startLegacyFixture() : startModernFixture()));
  const house = stack.use(await startHouse());
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = (await listTools(fixture.url)).map((tool) => ({ ...tool, classification: "read" as const }));
  const endpoint = await house.addConnector(org, { slug: era, url: fixture.url.href, era, tools });
  const opened = stack.move();
  return { house, alice, endpoint, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]!.text;
const ADA = { action: "accept" as const, content: { username: "ada", email: "ada@acme.example", name: "Ada" } };
const PARIS = { role: "assistant" as const, model: "test", content: { type: "text" as const, text: "Paris" } };

const ALL = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

async function connectModern(across: Awaited<ReturnType<typeof startAcross>>, capabilities: object = ALL) {
  const connected = await connectV2(across.endpoint.url, across.alice, { era: "modern", capabilities });
  if ("elicitation" in capabilities) connected.client.setRequestHandler("elicitation/create", async () => ADA);
  if ("sampling" in capabilities) connected.client.setRequestHandler("sampling/createMessage", async () => PARIS);
  return connected;
}

async function connectLegacy(across: Awaited<ReturnType<typeof startAcross>>) {
  const connected = await connectV1(across.endpoint.url, across.alice, {
    capabilities: { elicitation: {}, sampling: {}, roots: {} },
  });
  connected.client.setRequestHandler(ElicitRequestSchema, async () => ADA);
  connected.client.setRequestHandler(CreateMessageRequestSchema, async () => PARIS);
  connected.client.setRequestHandler(ListRootsRequestSchema, async () => ({
    roots: [{ uri: "file:///home/ada", name: "home" }],
  }));
  return connected;
}

test("a modern client finds out what a legacy server can do, lists it and calls it", async () => {
  await using across = await startAcross("legacy");
  await using connected = await connectModern(across);
  const { client } = connected;
  expect(client.getServerVersion()?.name).toBe("gatehouse-conformance-fixture");
  expect(client.getServerCapabilities()).toHaveProperty("tools");
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain("test_simple_text");
  expect(textOf(await client.callTool({ name: "test_simple_text", arguments: {} }))).toMatch(/simple text/);
  expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0);
  expect((await client.listResources()).resources.length).toBeGreaterThan(0);
});

test("a legacy server's progress reaches a modern client before the result does", async () => {
  await using across = await startAcross("legacy");
  await using connected = await connectModern(across);
  const progress: number[] = [];
  const call = { name: "test_tool_with_progress", arguments: {} };
  await connected.client.callTool(call, { onprogress: (at) => void progress.push(at.progress) });
  expect(progress).toEqual([0, 50, 100]);
});

test("what a legacy server asks in the middle of a call, a modern client answers in the next round", async () => {
  await using across = await startAcross("legacy");
  await using connected = await connectModern(across);
  const elicited = await connected.client.callTool({
    name: "test_elicitation",
    arguments: { message: "Who are you?" },
  });
  expect(textOf(elicited)).toContain("ada@acme.example");
  const sampled = await connected.client.callTool({
    name: "test_sampling",
    arguments: { prompt: "Capital of France?" },
  });
  expect(textOf(sampled)).toContain("Paris");
});

test("a modern client that cannot be asked is not asked; the server is told so", async () => {
  await using across = await startAcross("legacy");
  await using connected = await connectModern(across, {});
  const call = connected.client.callTool({ name: "test_elicitation", arguments: { message: "Who are you?" } });
  const outcome = await call.then(
    (result) => textOf(result),
    (error: Error) => error.message,
  );
  expect(outcome).toMatch(/elicitation/i);
});

test("a legacy client initialises at a modern server, lists and calls", async () => {
  await using across = await startAcross("modern");
  await using connected = await connectLegacy(across);
  const { client } = connected;
  expect(client.getServerVersion()?.name).toBe("gatehouse-conformance-fixture");
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain("test_simple_text");
  expect(textOf(await client.callTool({ name: "test_simple_text", arguments: {} }))).toMatch(/simple text/);
  await client.ping();
  await client.setLoggingLevel("debug");
});

test.each([
  ["test_input_required_result_elicitation", /Ada/],
  ["test_input_required_result_sampling", /Paris/],
  ["test_input_required_result_list_roots", /file:\/\/\/home\/ada/],
  ["test_input_required_result_request_state", /./],
  ["test_input_required_result_multiple_inputs", /./],
  ["test_input_required_result_multi_round", /./],
])("what %s of a modern server needs, a legacy client is asked on its stream", async (name, words) => {
  await using across = await startAcross("modern");
  await using connected = await connectLegacy(across);
  const result = await connected.client.callTool({ name, arguments: {} });
  expect(result.isError).toBeFalsy();
  expect(JSON.stringify(result.content)).toMatch(words);
  expect(result).not.toHaveProperty("resultType");
});

test("a modern server's progress reaches a legacy client before the result does", async () => {
  await using across = await startAcross("modern");
  await using connected = await connectLegacy(across);
  const progress: number[] = [];
  const call = { name: "test_tool_with_progress", arguments: {} };
  await connected.client.callTool(call, undefined, { onprogress: (at) => void progress.push(at.progress) });
  expect(progress).toEqual([0, 50, 100]);
});
