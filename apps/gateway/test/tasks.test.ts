import { updateTool } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, modern, post } from "./client.ts";
import { startGatewayHouse } from "./house.ts";
import { result, sendJson, startUpstream, type Upstream } from "./upstream.ts";

// Tasks, at upstreams that keep no sessions and tell every caller of every task.

const EXTENSION = "io.modelcontextprotocol/tasks";
const DECLARED = { "io.modelcontextprotocol/clientCapabilities": { extensions: { [EXTENSION]: {} } } };

function keepTasks(upstream: Upstream) {
  const tasks: { taskId: string; status: string }[] = [];
  upstream.on("tools/call", (received, response) => {
    const task = { taskId: `task-${tasks.length + 1}`, status: "working" };
    tasks.push(task);
    const isModern = received.headers["mcp-method"] !== undefined;
    const begun = isModern ? { resultType: "task", ...task, ttlMs: 60_000 } : { task: { ...task, ttl: null } };
    sendJson(response, result(received, begun));
  });
  upstream.on("tasks/list", (received, response) => sendJson(response, result(received, { tasks })));
  for (const method of ["tasks/get", "tasks/result", "tasks/cancel", "tasks/update"]) {
    upstream.on(method, (received, response) => sendJson(response, result(received, { did: method })));
  }
  upstream.on("initialize", (received, response) => {
    const capabilities = { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } };
    const { protocolVersion } = received.body.params;
    sendJson(response, result(received, { protocolVersion, capabilities, serverInfo: { name: "t", version: "1" } }));
  });
}

async function startTwoMembers(upstream: Upstream, era: "legacy" | "modern") {
  keepTasks(upstream);
  const house = await startGatewayHouse();
  const org = await house.addOrg("acme");
  const endpoint = await house.addConnector(org, "tools", upstream, { era });
  const alice = await house.addMember(org, "alice@acme.example");
  const bob = await house.addMember(org, "bob@acme.example");
  const [hers, his] = [await house.tokenFor(alice, endpoint), await house.tokenFor(bob, endpoint)];
  const reads = await house.tokenFor(alice, endpoint, { claims: { scope: "mcp:read" } });
  const decide = (name: string, decision: Parameters<typeof updateTool>[2]) =>
    withOrg(house.owner, org.id, (scope) => updateTool(scope, { connectorId: endpoint.id, name }, decision));
  return { url: endpoint.url, hers, his, reads, decide, [Symbol.asyncDispose]: () => house[Symbol.asyncDispose]() };
}

const request = (method: string, params: object) => ({ message: { jsonrpc: "2.0", id: 9, method, params } });
const begin = (name: string) => request("tools/call", { name, arguments: {}, task: { ttl: 60_000 } });
const VERBS = ["tasks/get", "tasks/result", "tasks/cancel"];

test("a legacy task is its member's alone, by id and in lists", async () => {
  await using upstream = await startUpstream();
  await using two = await startTwoMembers(upstream, "legacy");
  const [alice, bob] = [await initialize(two.url, two.hers), await initialize(two.url, two.his)];
  const created = await post(two.url, begin("look"), alice);
  expect(created.messages[0].result).toEqual({ task: { taskId: "task-1", status: "working", ttl: null } });
  await post(two.url, begin("look"), bob);
  for (const method of VERBS) {
    const own = await post(two.url, request(method, { taskId: "task-1" }), alice);
    expect(own.messages[0].result).toEqual({ did: method });
    const others = await post(two.url, request(method, { taskId: "task-1" }), bob);
    const never = await post(two.url, request(method, { taskId: "task-7" }), bob);
    expect(others.messages[0].error).toEqual({ ...never.messages[0].error, ...sameBut(others, "task-1") });
    expect(others.messages[0].error.code).toBe(-32602);
  }
  const listed = async (session: Record<string, string>) =>
    (await post(two.url, request("tasks/list", {}), session)).messages[0].result.tasks;
  expect(await listed(alice)).toEqual([{ taskId: "task-1", status: "working" }]);
  expect(await listed(bob)).toEqual([{ taskId: "task-2", status: "working" }]);
  expect(upstream.received.filter(({ method }) => VERBS.includes(method))).toHaveLength(3);
});

/** What differs between two refusals that tell nothing apart. */
const sameBut = ({ messages }: Awaited<ReturnType<typeof post>>, taskId: string) => ({
  message: `Unknown task: ${taskId}`,
  ...(messages[0].error.data ? { data: messages[0].error.data } : {}),
});

test("a task of the extension is its member's alone, by id and in subscriptions", async () => {
  await using upstream = await startUpstream();
  await using two = await startTwoMembers(upstream, "modern");
  const created = await post(two.url, callTool("look", {}, { meta: DECLARED }), bearer(two.hers));
  expect(created.messages[0].result).toMatchObject({ resultType: "task", taskId: "task-1" });
  const verb = (method: string, token: string) => {
    const { message, headers } = modern(method, { taskId: "task-1" }, { meta: DECLARED });
    return post(two.url, { message, headers: { ...headers, "mcp-name": "task-1" } }, bearer(token));
  };
  for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
    expect((await verb(method, two.hers)).messages[0].result).toEqual({ did: method });
    expect((await verb(method, two.his)).messages[0].error).toMatchObject({ code: -32602 });
  }
  const sent = upstream.received.filter(({ method }) => method.startsWith("tasks/"));
  expect(sent.map(({ headers }) => headers["mcp-name"])).toEqual(["task-1", "task-1", "task-1"]);
  const listen = modern("subscriptions/listen", { notifications: { taskIds: ["task-1"] } }, { meta: DECLARED });
  expect((await post(two.url, listen, bearer(two.his))).messages[0].error).toMatchObject({ code: -32602 });
});

test("what is done with a task needs the right that its call needed", async () => {
  await using upstream = await startUpstream();
  await using two = await startTwoMembers(upstream, "legacy");
  const [alice, reader] = [await initialize(two.url, two.hers), await initialize(two.url, two.reads)];
  expect((await post(two.url, begin("change"), reader)).status).toBe(403);
  await post(two.url, begin("change"), alice);
  await post(two.url, begin("look"), alice);
  for (const method of VERBS) {
    const ofWrite = await post(two.url, request(method, { taskId: "task-1" }), reader);
    expect(ofWrite.headers.get("www-authenticate")).toContain('scope="mcp:read mcp:write"');
    expect((await post(two.url, request(method, { taskId: "task-2" }), reader)).messages[0]).toHaveProperty("result");
  }
});

test.each([
  ["not offered", { offered: false }],
  ["open to others alone", { openTo: { roles: ["owner" as const], teams: [] } }],
])("a tool that is %s any more is not reached by tasks either", async (_what, decision) => {
  await using upstream = await startUpstream();
  await using two = await startTwoMembers(upstream, "legacy");
  const alice = await initialize(two.url, two.hers);
  const refused = await post(two.url, begin("secret"), alice);
  expect(refused.messages[0].error).toMatchObject({ code: -32602, message: "Unknown tool: secret" });
  expect(upstream.received.some(({ method }) => method === "tools/call")).toBe(false);
  await post(two.url, begin("look"), alice);
  await two.decide("look", decision);
  for (const method of VERBS) {
    const answer = () => post(two.url, request(method, { taskId: "task-1" }), alice);
    await expect.poll(async () => (await answer()).messages[0].error?.code).toBe(-32602);
  }
  expect((await post(two.url, request("tasks/list", {}), alice)).messages[0].result.tasks).toEqual([]);
});

test("what is done with the task of a tool that has another name here goes on as it came", async () => {
  await using upstream = await startUpstream();
  await using two = await startTwoMembers(upstream, "legacy");
  const alice = await initialize(two.url, two.hers);
  await two.decide("look", { edits: { name: "see" } });
  await expect
    .poll(async () => (await post(two.url, begin("see"), alice)).messages[0].result?.task.taskId)
    .toBe("task-1");
  const answer = await post(two.url, request("tasks/get", { taskId: "task-1" }), alice);
  expect(answer.messages[0].result).toEqual({ did: "tasks/get" });
  const sent = upstream.received.find(({ method }) => method === "tasks/get")!;
  expect(sent.body.params).toEqual({ taskId: "task-1" });
});

test("tasks are not carried from one era to the other, which is said", async () => {
  await using legacy = await startUpstream();
  await using old = await startTwoMembers(legacy, "legacy");
  const { message, headers } = modern("tasks/get", { taskId: "task-1" }, { meta: DECLARED });
  const fromModern = await post(old.url, { message, headers: { ...headers, "mcp-name": "task-1" } }, bearer(old.hers));
  expect(fromModern).toMatchObject({
    status: 404,
    messages: [{ error: { code: -32601, message: expect.stringContaining("tasks/get") } }],
  });
  const discovered = await post(old.url, modern("server/discover"), bearer(old.hers));
  expect(discovered.messages[0].result.capabilities).toEqual({ tools: {} });
  await using modernUpstream = await startUpstream();
  await using current = await startTwoMembers(modernUpstream, "modern");
  const session = await initialize(current.url, current.hers);
  for (const method of [...VERBS, "tasks/list"]) {
    const answer = await post(current.url, request(method, { taskId: "task-1" }), session);
    expect(answer).toMatchObject({ status: 200, messages: [{ error: { code: -32601 } }] });
  }
  modernUpstream.on("tools/call", (received, response) => sendJson(response, result(received, { content: [] })));
  await post(current.url, begin("look"), session);
  const { params } = modernUpstream.received.find(({ method }) => method === "tools/call")!.body;
  expect(params).not.toHaveProperty("task");
});
