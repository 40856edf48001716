import { connect } from "node:net";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { listMetrics } from "@gatehouse/telemetry/metrics";
import { renderOpenMetrics } from "@gatehouse/telemetry/open-metrics";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream, type Upstream } from "./upstream.ts";

const big = `"${"x".repeat(5 * 1024 * 1024)}"`;

test.each([
  ["more than 4 MB", big, 413, 413],
  ["not JSON", "{", 400, -32700],
  ["not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]).toString("latin1"), 400, -32700],
  ["a batch", '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, -32600],
  [
    "a tool named twice",
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look","name":"change"}}',
    400,
    -32600,
  ],
  ["__proto__", '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{}}}', 400, -32600],
  [
    "a thousand levels",
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${"[".repeat(1000)}${"]".repeat(1000)}}}`,
    400,
    -32600,
  ],
  ["id null", '{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
])("a body of %s gets a clear 4xx and does not reach the upstream", async (_what, message, status, code) => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const answer = await post(small.endpoint.url, { message }, bearer(small.token));
  expect(answer.status).toBe(status);
  expect(answer.messages[0].error).toMatchObject({ code, message: expect.stringMatching(/.{15}/) });
  expect(upstream.received).toEqual([]);
});

test.each([
  ["no Mcp-Method", { "mcp-method": "" }, -32020],
  ["another Mcp-Method", { "mcp-method": "tools/list" }, -32020],
  ["another Mcp-Name", { "mcp-name": "change" }, -32020],
  ["another version", { "mcp-protocol-version": "2025-11-25" }, -32020],
])("a modern request with %s than its body is a header mismatch", async (_what, headers, code) => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const answer = await post(small.endpoint.url, callTool("look"), { ...bearer(small.token), ...headers });
  expect(answer).toMatchObject({ status: 400, messages: [{ id: 1, error: { code } }] });
  expect(upstream.received).toEqual([]);
});

test("versions that nobody speaks are told from those that are spoken", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const future = modern("tools/list", {}, { meta: { "io.modelcontextprotocol/protocolVersion": "2030-01-01" } });
  const answer = await post(small.endpoint.url, future, {
    ...bearer(small.token),
    "mcp-protocol-version": "2030-01-01",
  });
  expect(answer.status).toBe(400);
  expect(answer.messages[0].error).toMatchObject({
    code: -32022,
    data: { supported: ["2026-07-28"], requested: "2030-01-01" },
  });
  const incomplete = modern("tools/list", {}, { meta: { "io.modelcontextprotocol/clientCapabilities": undefined } });
  const refused = await post(small.endpoint.url, incomplete, bearer(small.token));
  expect(refused).toMatchObject({ status: 400, messages: [{ error: { code: -32602 } }] });
});

test("other methods, media types and origins are refused, each in its own way", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const { url } = small.endpoint;
  const own = { origin: small.house.publicUrl.origin };
  expect((await post(url, callTool("look"), { ...bearer(small.token), origin: "https://evil.example" })).status).toBe(
    403,
  );
  expect((await post(url, callTool("look"), { ...bearer(small.token), ...own })).status).toBe(200);
  expect((await post(url, callTool("look"), { ...bearer(small.token), "content-type": "text/plain" })).status).toBe(
    415,
  );
  expect((await fetch(url, { method: "PUT", headers: bearer(small.token) })).status).toBe(405);
  expect((await fetch(`${small.house.publicUrl.origin}/acme/tools/other`)).status).toBe(404);
});

test("a legacy request without a session, or with one that never was, says what to do", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const without = await post(small.endpoint.url, legacyCall("look"), bearer(small.token));
  expect(without).toMatchObject({
    status: 400,
    messages: [{ id: 1, error: { message: expect.stringContaining("initialize") } }],
  });
  const never = await post(small.endpoint.url, legacyCall("look"), {
    ...bearer(small.token),
    "mcp-session-id": "never",
  });
  expect(never).toMatchObject({
    status: 404,
    messages: [{ error: { message: expect.stringContaining("initialize") } }],
  });
  const badVersion = { ...(await initialize(small.endpoint.url, small.token)), "mcp-protocol-version": "1999-01-01" };
  expect((await post(small.endpoint.url, legacyCall("look"), badVersion)).status).toBe(400);
});

const BROKEN: [string, (upstream: Upstream) => void, RegExp][] = [
  [
    "HTML",
    (up) => up.on("tools/call", (_r, res) => void res.writeHead(200, { "content-type": "text/html" }).end("<p>canary")),
    /not an answer/,
  ],
  [
    "half a JSON",
    (up) =>
      up.on(
        "tools/call",
        (_r, res) => void res.writeHead(200, { "content-type": "application/json" }).end('{"jsonrpc"'),
      ),
    /not an answer/,
  ],
  [
    "another id",
    (up) => up.on("tools/call", (_r, res) => sendJson(res, { jsonrpc: "2.0", id: 99, result: {} })),
    /not an answer/,
  ],
  ["500", (up) => up.on("tools/call", (_r, res) => void res.writeHead(500).end("canary")), /HTTP 500/],
  ["401", (up) => up.on("tools/call", (_r, res) => void res.writeHead(401).end()), /refuses the credential/],
  [
    "a redirect",
    (up) => up.on("tools/call", (_r, res) => void res.writeHead(302, { location: "http://127.0.0.1/" }).end()),
    /HTTP 302/,
  ],
  ["a connection that is cut", (up) => up.on("tools/call", (_r, res) => void res.destroy()), /connection .* failed/],
  [
    "a stream that stops in the middle",
    (up) =>
      up.on("tools/call", (_r, res) => {
        sendEvent(res, { jsonrpc: "2.0", method: "notifications/progress", params: {} });
        res.end("data: {");
      }),
    /broke off/,
  ],
  [
    "events that are not JSON",
    (up) =>
      up.on(
        "tools/call",
        (_r, res) => void res.writeHead(200, { "content-type": "text/event-stream" }).end("data: no\n\n"),
      ),
    /not JSON/,
  ],
  ["nothing for too long", (up) => up.on("tools/call", () => {}), /did not answer in time/],
];

test.each(BROKEN)("an upstream that answers with %s fails its own call, in words", async (_what, breakIt, words) => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { upstreamTimeoutMs: 200 });
  breakIt(upstream);
  const answer = await post(small.endpoint.url, callTool("change", {}, { id: "w" }), bearer(small.token));
  expect(answer.status).toBe(200);
  expect(answer.messages.at(-1)).toMatchObject({ id: "w", error: { message: expect.stringMatching(words) } });
  expect(answer.messages.at(-1).error.message).toMatch(/^tools: .*The call may have had an effect/);
  expect(answer.text).not.toContain("canary");
  expect((await post(small.endpoint.url, modern("tools/list"), bearer(small.token))).status).toBe(200);
});

test("an upstream that is not there fails its own calls alone", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  await upstream[Symbol.asyncDispose]();
  const answer = await post(small.endpoint.url, callTool("look"), bearer(small.token));
  expect(answer.messages[0].error.message).toMatch(/refuses connections. Trying again may help/);
});

test("of two answers the first counts, and ten thousand notifications hurt nobody", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("tools/call", (received, response) => {
    const progress = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } };
    for (let sent = 0; sent < 10_000; sent++) sendEvent(response, progress);
    sendEvent(response, result(received, { resultType: "complete", content: [], which: 1 }));
    sendEvent(response, result(received, { resultType: "complete", content: [], which: 2 }));
    response.end();
  });
  const answer = await post(small.endpoint.url, callTool("look"), bearer(small.token));
  expect(answer.messages).toHaveLength(10_001);
  expect(answer.messages.at(-1).result.which).toBe(1);
});

test("an upstream's own error keeps its code, its data and its status", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("tools/call", (received, response) => {
    const error = { code: -32602, message: "bad", data: { why: [1] } };
    sendJson(response, { jsonrpc: "2.0", id: received.body.id, error }, { status: 400 });
  });
  const answer = await post(small.endpoint.url, callTool("look"), bearer(small.token));
  expect(answer).toMatchObject({
    status: 400,
    messages: [{ error: { code: -32602, message: "bad", data: { why: [1] } } }],
  });
});

test("errors that are none, and versions that are made up, are recorded as others are, and make no labels of their own", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const long = "canary".repeat(10_000);
  const errors = [{ code: long, message: 5 }, { code: 4711, message: {} }, { code: null }, 7, [], { code: 1e99 }];
  upstream.on("initialize", ({ body: { id } }, response) =>
    sendJson(response, { jsonrpc: "2.0", id, result: { protocolVersion: long, capabilities: {} } }),
  );
  const session = await initialize(small.endpoint.url, small.token);
  for (const error of errors) {
    upstream.on("tools/call", ({ body: { id } }, response) => sendJson(response, { jsonrpc: "2.0", id, error }));
    const answer = await post(small.endpoint.url, legacyCall("look"), session);
    expect(answer.messages).toMatchObject([{ id: 1, error }]);
  }
  await fetch(small.endpoint.url, { headers: { ...session, "mcp-protocol-version": long.slice(0, 8000) } });
  const rows = await withOrg(small.house.owner, small.org.id, (scope) => listAudit(scope, { limit: 10, tool: "look" }));
  expect(rows.map(({ outcome }) => outcome)).toEqual(errors.map(() => "rpc_error"));
  const text = renderOpenMetrics(listMetrics());
  expect(text).toContain('error_type="_OTHER"');
  for (const made of ["canary", "4711", "1e+99"]) expect(text).not.toContain(made);
});

test.each(["modern", "legacy"] as const)(
  "a call without an id is none: no tool is reached by it, in the %s era",
  async (era) => {
    await using upstream = await startUpstream();
    await using small = await startSmallHouse(upstream, { era });
    const session = era === "legacy" ? await initialize(small.endpoint.url, small.token) : bearer(small.token);
    const { message, headers } = era === "legacy" ? { ...legacyCall("secret"), headers: {} } : callTool("secret");
    const answer = await post(small.endpoint.url, { message: { ...message, id: undefined }, headers }, session);
    expect(answer).toMatchObject({ status: 400, messages: [{ error: { code: -32600 } }] });
    expect(upstream.received.map(({ method }) => method)).not.toContain("tools/call");
  },
);

test.each(["constructor", "toString", "__proto__"])(
  "%s is a method like any other that is not there",
  async (method) => {
    await using upstream = await startUpstream();
    const error = { code: -32601, message: "There is no such method" };
    upstream.on(method, ({ body: { id } }, response) => sendJson(response, { jsonrpc: "2.0", id, error }));
    await using small = await startSmallHouse(upstream);
    const api = await small.house.addConnector(small.org, "api", upstream, { transport: "openapi", tools: [] });
    const session = await initialize(small.endpoint.url, small.token);
    const driven = await post(small.endpoint.url, { message: { jsonrpc: "2.0", id: 1, method } }, session);
    expect(driven.messages).toMatchObject([{ error: { code: -32601 } }]);
    const token = await small.house.tokenFor(small.alice, api);
    const answer = await post(api.url, modern(method), bearer(token));
    expect(answer).toMatchObject({ status: 404, messages: [{ error: { code: -32601 } }] });
  },
);

test("idle and slow connections don't keep others waiting", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const { port } = small.house.publicUrl;
  const sockets = Array.from({ length: 2000 }, () => connect(Number(port), "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => {});
    socket.write("POST /acme/tools/mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n");
  }
  expect((await post(small.endpoint.url, callTool("look"), bearer(small.token))).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});
