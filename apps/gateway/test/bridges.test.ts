import type { ServerResponse } from "node:http";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream, type Upstream } from "./upstream.ts";

type Small = Awaited<ReturnType<typeof startSmallHouse>>;

const CAPABILITIES = {
  "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {}, url: {} }, sampling: {} },
};
const ASK = {
  jsonrpc: "2.0",
  id: "up-1",
  method: "elicitation/create",
  params: { message: "Who?", requestedSchema: {} },
};

/** A legacy upstream whose tool asks once, and ends when it is answered. */
function askOnce(upstream: Upstream, ask: object = ASK) {
  let finish = (_answer: unknown) => {};
  upstream.on("tools/call", (received, response) => {
    finish = (answer) => {
      sendEvent(response, result(received, { content: [{ type: "text", text: JSON.stringify(answer) }] }));
      response.end();
    };
    sendEvent(response, ask);
  });
  upstream.on("POST", (received, response) => {
    response.writeHead(202).end();
    finish(received.body.result ?? received.body.error);
  });
}

const send = (small: Small, params: object, id: number | string = 1, token = small.token) =>
  post(
    small.endpoint.url,
    modern("tools/call", { name: "look", arguments: { a: 1 }, ...params }, { id, meta: CAPABILITIES }),
    bearer(token),
  );

test("a call that asks waits for the client's next round, which goes on with it", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  askOnce(upstream);
  const asked = await send(small, {});
  const { inputRequests, requestState, resultType } = asked.messages[0].result;
  expect(resultType).toBe("input_required");
  expect(inputRequests).toEqual({ "ask-1": { method: "elicitation/create", params: ASK.params } });
  const answered = await send(
    small,
    { requestState, inputResponses: { "ask-1": { action: "accept", content: { name: "Ada" } } } },
    2,
  );
  expect(answered.messages[0]).toMatchObject({ id: 2, result: { resultType: "complete" } });
  expect(answered.messages[0].result.content[0].text).toBe('{"action":"accept","content":{"name":"Ada"}}');
  expect(upstream.received.filter(({ method }) => method === "tools/call")).toHaveLength(1);
  const rows = await withOrg(small.house.owner, small.org.id, (scope) => listAudit(scope, { limit: 10 }));
  expect(rows.map(({ outcome }) => outcome)).toEqual(["ok", "input_required"]);
});

test("what the client leaves out is asked for again", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  askOnce(upstream);
  const first = (await send(small, {})).messages[0].result;
  const second = (await send(small, { requestState: first.requestState, inputResponses: {} }, 2)).messages[0].result;
  expect(second).toMatchObject({ resultType: "input_required", inputRequests: first.inputRequests });
  const inputResponses = { "ask-1": { action: "decline" } };
  const last = await send(small, { requestState: second.requestState, inputResponses }, 3);
  expect(last.messages[0].result.content[0].text).toBe('{"action":"decline"}');
});

test("a requestState is for one client of one member, one request, and one answer", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const bob = await small.house.addMember(small.org, "bob@acme.example");
  askOnce(upstream);
  const { requestState } = (await send(small, {})).messages[0].result;
  const inputResponses = { "ask-1": { action: "accept" } };
  const refused = async (params: object, token?: string) => {
    const answer = await send(small, { requestState, inputResponses, ...params }, 2, token);
    expect(answer.messages[0].error, JSON.stringify(params)).toMatchObject({ code: -32602 });
  };
  await refused({ requestState: `${requestState.slice(0, -2)}AA` });
  await refused({ requestState: "made up" });
  await refused({ arguments: { a: 2 } });
  await refused({ name: "change" });
  await refused({}, await small.house.tokenFor(bob, small.endpoint));
  await refused({}, await small.house.tokenFor(small.alice, small.endpoint, { claims: { client_id: "another" } }));
  expect((await send(small, { requestState, inputResponses }, 3)).messages[0].result.resultType).toBe("complete");
  await refused({});
});

test("a member who leaves calls unanswered can go on: the ninth takes the place of the first", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  askOnce(upstream);
  const states = [];
  for (let nth = 0; nth < 9; nth++) states.push((await send(small, {}, nth)).messages[0].result.requestState);
  const inputResponses = { "ask-1": { action: "decline" } };
  const first = await send(small, { requestState: states[0], inputResponses }, 100);
  expect(first.messages[0].error).toMatchObject({ code: -32602 });
  const ninth = await send(small, { requestState: states[8], inputResponses }, 101);
  expect(ninth.messages[0].result).toMatchObject({ resultType: "complete" });
});

test("an ask that comes on the session's own stream belongs to the only call that runs", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  let unasked: ServerResponse | undefined;
  upstream.on("GET", (_received, response) => {
    unasked = response;
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  });
  askOnce(upstream, { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } });
  const asked = send(small, {});
  await expect.poll(() => upstream.received.some(({ method }) => method === "tools/call")).toBe(true);
  sendEvent(unasked!, ASK);
  const { requestState } = (await asked).messages.at(-1).result;
  const answered = await send(small, { requestState, inputResponses: { "ask-1": { action: "accept" } } }, 2);
  expect(answered.messages[0].result.content[0].text).toBe('{"action":"accept"}');
});

test("a client that closes its stream cancels the upstream's call by name", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  upstream.on("tools/call", () => {});
  const leaving = new AbortController();
  const call = post(
    small.endpoint.url,
    callTool("look", {}, { meta: CAPABILITIES }),
    bearer(small.token),
    leaving.signal,
  );
  call.catch(() => {});
  await expect.poll(() => upstream.received.some(({ method }) => method === "tools/call")).toBe(true);
  const { id } = upstream.received.find(({ method }) => method === "tools/call")!.body;
  leaving.abort();
  await expect
    .poll(() => upstream.received.find(({ method }) => method === "notifications/cancelled")?.body.params)
    .toMatchObject({ requestId: id });
});

test("a modern client's notification is taken, and no legacy upstream is asked for anything", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const { message, headers } = modern("notifications/cancelled", { requestId: 1 });
  const { id: _, ...notification } = message;
  const taken = await post(small.endpoint.url, { message: notification, headers }, bearer(small.token));
  expect([taken.status, upstream.received]).toEqual([202, []]);
});

test("a session of the upstream's is never shared by two members, and is opened anew when it is forgotten", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const bob = await small.house.addMember(small.org, "bob@acme.example");
  const bobs = await small.house.tokenFor(bob, small.endpoint);
  for (const token of [small.token, bobs, small.token]) await post(small.endpoint.url, callTool("look"), bearer(token));
  const sessions = upstream.received
    .filter(({ method }) => method === "tools/call")
    .map(({ headers }) => headers["mcp-session-id"]);
  expect(sessions[0]).toBe(sessions[2]);
  expect(sessions[1]).not.toBe(sessions[0]);
  upstream.on("tools/call", (received, response) => {
    if (received.headers["mcp-session-id"] === sessions[0]) return void response.writeHead(404).end();
    sendJson(response, result(received, { content: [] }));
  });
  const again = await post(small.endpoint.url, callTool("look"), bearer(small.token));
  expect(again.messages[0].result).toMatchObject({ resultType: "complete" });
});

test("a client that says something else of itself each time does not open sessions without end", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  for (let nth = 0; nth < 20; nth++) {
    const meta = { "io.modelcontextprotocol/clientCapabilities": { experimental: { nth } } };
    const answer = await post(small.endpoint.url, callTool("look", {}, { meta }), bearer(small.token));
    expect(answer.messages[0].result).toMatchObject({ resultType: "complete" });
  }
  await expect.poll(() => upstream.received.filter(({ method }) => method === "DELETE").length).toBe(4);
});

/** The messages of an event stream, one after the other. */
async function* messagesOf(response: Response) {
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data) yield JSON.parse(data);
    }
  }
}

test("a modern client hears of what it subscribed to at a legacy server, and of nothing else", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  let unasked: ServerResponse | undefined;
  upstream.on("GET", (_received, response) => {
    unasked = response;
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  });
  upstream.on("initialize", (received, response) => {
    const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } };
    const initialized = { protocolVersion: "2025-11-25", capabilities, serverInfo: { name: "t", version: "1" } };
    sendJson(response, result(received, initialized), { headers: { "mcp-session-id": "listened" } });
  });
  const notifications = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ["file:///a"] };
  const { message, headers } = modern("subscriptions/listen", { notifications }, { id: "sub" });
  const leaving = new AbortController();
  const stream = await fetch(small.endpoint.url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers, ...bearer(small.token) },
    body: JSON.stringify(message),
    signal: leaving.signal,
  });
  const messages = messagesOf(stream);
  const next = async () => (await messages.next()).value;
  const tagged = { _meta: { "io.modelcontextprotocol/subscriptionId": "sub" } };
  const granted = { toolsListChanged: true, resourceSubscriptions: ["file:///a"] };
  expect(await next()).toMatchObject({
    method: "notifications/subscriptions/acknowledged",
    params: { ...tagged, notifications: granted },
  });
  await expect
    .poll(() => upstream.received.find(({ method }) => method === "resources/subscribe")?.body.params)
    .toEqual({ uri: "file:///a" });
  sendEvent(unasked!, { jsonrpc: "2.0", method: "notifications/prompts/list_changed" });
  sendEvent(unasked!, { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: "file:///b" } });
  sendEvent(unasked!, { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: "file:///a" } });
  sendEvent(unasked!, { jsonrpc: "2.0", method: "notifications/tools/list_changed" });
  expect(await next()).toMatchObject({
    method: "notifications/resources/updated",
    params: { uri: "file:///a", ...tagged },
  });
  expect(await next()).toMatchObject({ method: "notifications/tools/list_changed", params: tagged });
  leaving.abort();
  await expect.poll(() => upstream.received.some(({ method }) => method === "resources/unsubscribe")).toBe(true);
});

test("a modern client hears of what its own calls have changed, where the server tells nobody else", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  let sessions = 0;
  upstream.on("initialize", (received, response) => {
    const capabilities = { tools: { listChanged: true } };
    const initialized = { protocolVersion: "2025-11-25", capabilities, serverInfo: { name: "t", version: "1" } };
    sendJson(response, result(received, initialized), { headers: { "mcp-session-id": `session-${++sessions}` } });
  });
  const streams = new Map<unknown, ServerResponse>();
  upstream.on("GET", ({ headers }, response) => {
    streams.set(headers["mcp-session-id"], response);
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  });
  upstream.on("tools/call", (received, response) => {
    sendEvent(streams.get(received.headers["mcp-session-id"])!, {
      jsonrpc: "2.0",
      method: "notifications/tools/list_changed",
    });
    sendJson(response, result(received, { content: [] }));
  });
  const { message, headers } = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const stream = await fetch(small.endpoint.url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers, ...bearer(small.token) },
    body: JSON.stringify(message),
  });
  const messages = messagesOf(stream);
  await messages.next();
  await post(small.endpoint.url, callTool("look"), bearer(small.token));
  expect((await messages.next()).value).toMatchObject({
    method: "notifications/tools/list_changed",
    params: { _meta: { "io.modelcontextprotocol/subscriptionId": 1 } },
  });
  expect(streams.size).toBe(2);
});

test("a legacy client's own stream carries a modern server's changes, and follows its subscriptions", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "modern" });
  upstream.on("server/discover", (received, response) => {
    const capabilities = { resources: { subscribe: true }, tools: { listChanged: true } };
    sendJson(response, result(received, { resultType: "complete", supportedVersions: ["2026-07-28"], capabilities }));
  });
  let listening: ServerResponse | undefined;
  const _meta = { "io.modelcontextprotocol/subscriptionId": "subscription" };
  const tell = (method: string, params: object) =>
    sendEvent(listening!, { jsonrpc: "2.0", method, params: { ...params, _meta } });
  upstream.on("subscriptions/listen", (received, response) => {
    listening = response;
    const { notifications } = received.body.params;
    tell("notifications/subscriptions/acknowledged", { notifications });
    for (const uri of notifications.resourceSubscriptions ?? []) {
      setImmediate(() => tell("notifications/resources/updated", { uri }));
    }
  });
  const session = await initialize(small.endpoint.url, small.token);
  const stream = await fetch(small.endpoint.url, { headers: { ...session, accept: "text/event-stream" } });
  const messages = messagesOf(stream);
  await expect.poll(() => listening).toBeDefined();
  tell("notifications/tools/list_changed", {});
  expect((await messages.next()).value).toEqual({
    jsonrpc: "2.0",
    method: "notifications/tools/list_changed",
    params: {},
  });
  const subscribe = { jsonrpc: "2.0", id: 5, method: "resources/subscribe", params: { uri: "file:///a" } };
  expect((await post(small.endpoint.url, { message: subscribe }, session)).messages[0]).toEqual({
    jsonrpc: "2.0",
    id: 5,
    result: {},
  });
  expect((await messages.next()).value).toMatchObject({
    method: "notifications/resources/updated",
    params: { uri: "file:///a" },
  });
});

test("a legacy client's cancellation closes the modern upstream's stream", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "modern" });
  const closed = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  upstream.on("tools/call", (_received, response) => {
    response.on("close", closed.resolve);
    begun.resolve();
  });
  const session = await initialize(small.endpoint.url, small.token);
  const call = post(small.endpoint.url, legacyCall("look", 7), session);
  await begun.promise;
  await post(
    small.endpoint.url,
    { message: { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } } },
    session,
  );
  await closed.promise;
  expect((await call).messages[0].error.message).toMatch(/cancelled/);
});
