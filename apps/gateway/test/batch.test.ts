import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { expect, test } from "vitest";
import { bearer, initialize, legacyCall, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream } from "./upstream.ts";

// JSON-RPC batches, which one version of MCP has (2025-03-26).

const PING = { jsonrpc: "2.0", id: "ping", method: "ping" };
const INITIALIZED = { jsonrpc: "2.0", method: "notifications/initialized" };
const call = (name: string, id: number) => legacyCall(name, id).message;

test.each(["legacy", "modern"] as const)(
  "each message of a batch is answered on its one stream, before a %s upstream",
  async (era) => {
    await using upstream = await startUpstream();
    await using small = await startSmallHouse(upstream, { era });
    const session = await initialize(small.endpoint.url, small.token, "2025-03-26");
    const batch = [call("look", 1), INITIALIZED, call("change", 2), call("secret", 3), "no message", PING];
    const answer = await post(small.endpoint.url, { message: batch }, session);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(answer.messages).toHaveLength(5);
    const of = (id?: unknown) => answer.messages.find((message) => message.id === id);
    expect(of(1)).toMatchObject({ result: { content: [{ text: "Echo: hello" }] } });
    expect(of(2)).toMatchObject({ result: { content: [{ text: "Echo: hello" }] } });
    expect(of(3)).toMatchObject({ error: { code: -32602, message: "Unknown tool: secret" } });
    expect(of("ping")).toHaveProperty("result");
    expect(of()).toMatchObject({ error: { code: -32600 } });
    expect(upstream.received.every(({ rawBody }) => !rawBody.startsWith("["))).toBe(true);
  },
);

test("each message of a batch is authorized and recorded for itself", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const reader = await small.house.tokenFor(small.alice, small.endpoint, { claims: { scope: "mcp:read" } });
  const session = await initialize(small.endpoint.url, reader, "2025-03-26");
  const answer = await post(small.endpoint.url, { message: [call("look", 1), call("change", 2)] }, session);
  expect(answer.messages).toHaveLength(2);
  expect(answer.messages.find(({ id }) => id === 1)).toHaveProperty("result");
  expect(answer.messages.find(({ id }) => id === 2).error).toMatchObject({ code: 403 });
  const rows = await withOrg(small.house.owner, small.org.id, (scope) => listAudit(scope, { limit: 10 }));
  const calls = rows.filter(({ entry }) => entry.method === "tools/call");
  expect(calls.map(({ entry, outcome }) => `${entry.tool} ${outcome}`).sort()).toEqual([
    "change insufficient_scope",
    "look ok",
  ]);
});

test("each message of a batch counts against the limit", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, {
    ...{ era: "legacy", limits: { member: { callsPerMinute: 6 } } },
  });
  const session = await initialize(small.endpoint.url, small.token, "2025-03-26");
  const batch = Array.from({ length: 6 }, (_, id) => call("look", id));
  const answer = await post(small.endpoint.url, { message: batch }, session);
  expect(answer.messages.filter((message) => message.result)).toHaveLength(4);
  expect(answer.messages.filter((message) => message.error?.code === 429)).toHaveLength(2);
});

test("a batch without a request is 202, or the refusal of the first that is refused", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const session = await initialize(small.endpoint.url, small.token, "2025-03-26");
  const taken = await post(small.endpoint.url, { message: [INITIALIZED, INITIALIZED] }, session);
  expect(taken).toMatchObject({ status: 202, text: "" });
  const refused = await post(small.endpoint.url, { message: [INITIALIZED, { jsonrpc: "1.0" }] }, session);
  expect(refused).toMatchObject({ status: 400, messages: [{ error: { code: -32600 } }] });
});

test("streams that answer a batch do not run into one another", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  upstream.on("tools/call", (received, response) => {
    const { id } = received.body;
    const params = { progressToken: id, progress: 1, message: "€".repeat(100_000) };
    response.writeHead(200, { "content-type": "text/event-stream" }).write("id: 1\ndata:\n\n");
    for (let nth = 0; nth < 5; nth++) sendEvent(response, { jsonrpc: "2.0", method: "notifications/progress", params });
    sendEvent(response, result(received, { content: [], of: id }));
    response.end();
  });
  const session = await initialize(small.endpoint.url, small.token, "2025-03-26");
  const batch = Array.from({ length: 10 }, (_, id) => call("look", id));
  const { messages, text } = await post(small.endpoint.url, { message: batch }, session);
  expect(messages.filter(({ method }) => method === "notifications/progress")).toHaveLength(50);
  expect(messages.filter(({ id, result }) => id !== undefined && result.of === id)).toHaveLength(10);
  expect(text).not.toContain("id: 1");
});

test("what is no batch of its version is refused as a whole", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const { url } = small.endpoint;
  const session = await initialize(url, small.token, "2025-03-26");
  const before = upstream.received.length;
  const refused = async (batch: object[], headers: Record<string, string>, words: RegExp, status = 400) => {
    const answer = await post(url, { message: batch }, headers);
    expect(answer).toMatchObject({ status, messages: [{ error: { message: expect.stringMatching(words) } }] });
  };
  const opening = { ...PING, method: "initialize", params: { protocolVersion: "2025-03-26" } };
  await refused([PING, opening], session, /initialize comes alone/);
  await refused([], session, /empty/);
  await refused(Array(51).fill(PING), session, /50 messages/, 413);
  await refused([PING], { ...session, "mcp-session-id": "never" }, /initialize/, 404);
  await refused([modern("tools/list").message], bearer(small.token), /one message per request/);
  for (const version of ["2025-06-18", "2025-11-25"]) {
    await refused([PING], await initialize(url, small.token, version), /one message per request/);
  }
  expect(upstream.received.slice(before).filter(({ method }) => method === "ping")).toEqual([]);
});

test("an upstream may batch what it sends on a stream, and its answer", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const session = await initialize(small.endpoint.url, small.token, "2025-03-26");
  const progress = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } };
  upstream.on("tools/call", (received, response) => {
    const messages = [progress, result(received, { content: [], batched: true })];
    if (received.body.id === 1) sendEvent(response, messages);
    else sendJson(response, messages.slice(1));
  });
  const streamed = await post(small.endpoint.url, legacyCall("look", 1), session);
  expect(streamed.messages).toEqual([progress, { jsonrpc: "2.0", id: 1, result: { content: [], batched: true } }]);
  const alone = await post(small.endpoint.url, legacyCall("look", 2), session);
  expect(alone.messages).toEqual([{ jsonrpc: "2.0", id: 2, result: { content: [], batched: true } }]);
});
