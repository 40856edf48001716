import { once } from "node:events";
import { request, type ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, modern, post } from "./client.ts";
import { startGatewayHouse, startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream } from "./upstream.ts";

// What the transport chapters demand of a server: each MUST of test/musts.ts by its id.

const note = {
  message: { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } },
};
const EVIL = { origin: "https://evil.example" };

async function start(era: "modern" | "legacy") {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream());
  const small = stack.use(await startSmallHouse(upstream, { era }));
  const { url } = small.endpoint;
  const headers = era === "legacy" ? await initialize(url, small.token) : bearer(small.token);
  const opened = stack.move();
  return { upstream, small, url, headers, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("a modern request is answered with JSON or an event stream, a notification with 202 and nothing", async () => {
  await using at = await start("modern");
  // MUST-M01, MUST-M07
  const plain = await post(at.url, callTool("look"), at.headers);
  expect([plain.status, plain.headers.get("content-type")]).toEqual([200, "application/json"]);
  at.upstream.on("tools/call", (received, response) => {
    sendEvent(response, result(received, { resultType: "complete", content: [] }));
    response.end();
  });
  const streamed = await post(at.url, callTool("look"), at.headers);
  expect([streamed.status, streamed.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  // MUST-M05
  const accepted = await post(at.url, { ...note, headers: { "mcp-protocol-version": "2026-07-28" } }, at.headers);
  expect([accepted.status, accepted.text]).toEqual([202, ""]);
});

test("what is not one message of the modern era is refused by HTTP", async () => {
  await using at = await start("modern");
  const version = { "mcp-protocol-version": "2026-07-28" };
  // MUST-M04, MUST-M06
  const batch = JSON.stringify([callTool("look").message]);
  const answer = { jsonrpc: "2.0", id: 1, result: {} };
  const odd = { ...note.message, jsonrpc: "1.0" };
  for (const message of [batch, answer, odd])
    expect((await post(at.url, { message, headers: version }, at.headers)).status).toBe(400);
  expect(at.upstream.received).toEqual([]);
});

test.each(["modern", "legacy"] as const)("a page of another origin gets 403 in the %s era", async (era) => {
  await using at = await start(era);
  // MUST-M02, MUST-M03, MUST-L02
  const call = era === "modern" ? callTool("look") : legacyCall("look");
  expect((await post(at.url, call, { ...at.headers, ...EVIL })).status).toBe(403);
  expect((await fetch(at.url, { headers: { ...at.headers, ...EVIL } })).status).toBe(403);
});

test("closing the stream of a modern request cancels it upstream", async () => {
  await using at = await start("modern");
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const leaving = new AbortController();
  at.upstream.on("tools/call", (_received, response) => {
    response.once("close", resolve);
    sendEvent(response, note.message);
    leaving.abort();
  });
  // MUST-M09
  await expect(post(at.url, callTool("look"), at.headers, leaving.signal)).rejects.toThrow();
  await closed;
});

test("headers that contradict the body are -32020 with 400, their names in any case", async () => {
  await using at = await start("modern");
  const call = callTool("look");
  // MUST-M10, MUST-M18, MUST-M19
  for (const wrong of [{ "mcp-protocol-version": "2025-11-25" }, { "mcp-method": "ping" }, { "mcp-name": "change" }])
    expect(await post(at.url, call, { ...at.headers, ...wrong })).toMatchObject({
      status: 400,
      messages: [{ id: 1, error: { code: -32020 } }],
    });
  // MUST-M20
  const encoded = { "mcp-name": `=?base64?${btoa("look")}?=` };
  expect((await post(at.url, call, { ...at.headers, ...encoded })).status).toBe(200);
  // MUST-M17
  const shouted = Object.entries({ ...call.headers, ...at.headers }).map(([name, value]) => [
    name.toUpperCase(),
    value,
  ]);
  const headers = { ...Object.fromEntries(shouted), "CONTENT-TYPE": "application/json" };
  const [response] = await once(
    request(at.url, { method: "POST", headers }).end(JSON.stringify(call.message)),
    "response",
  );
  expect(response.resume().statusCode).toBe(200);
});

test("versions and methods that are not there say so", async () => {
  await using at = await start("modern");
  const future = modern("tools/list", {}, { meta: { "io.modelcontextprotocol/protocolVersion": "2030-01-01" } });
  // MUST-M11
  expect(await post(at.url, future, { ...at.headers, "mcp-protocol-version": "2030-01-01" })).toMatchObject({
    status: 400,
    messages: [{ error: { code: -32022, data: { supported: ["2026-07-28"] } } }],
  });
  // MUST-M12
  at.upstream.on("tools/paint", ({ body }, response) =>
    sendJson(
      response,
      { jsonrpc: "2.0", id: body.id, error: { code: -32601, message: "Method not found" } },
      { status: 404 },
    ),
  );
  expect(await post(at.url, modern("tools/paint"), at.headers)).toMatchObject({
    status: 404,
    messages: [{ error: { code: -32601 } }],
  });
});

test("a parameter that is mirrored in a header must be there, and be the same", async () => {
  await using upstream = await startUpstream();
  await using house = await startGatewayHouse();
  const org = await house.addOrg("acme");
  const alice = await house.addMember(org, "alice@acme.example");
  const inputSchema = { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } };
  const tools = [
    { name: "look", definition: { name: "look", inputSchema }, classification: "read" as const, offered: true },
  ];
  const endpoint = await house.addConnector(org, "tools", upstream, { tools });
  const headers = bearer(await house.tokenFor(alice, endpoint));
  const call = (region: string | null, header?: string) =>
    post(endpoint.url, callTool("look", { region }), { ...headers, ...(header ? { "mcp-param-region": header } : {}) });
  expect((await call("eu", "eu")).status).toBe(200);
  expect((await call("Köln", `=?base64?${Buffer.from("Köln").toString("base64")}?=`)).status).toBe(200);
  // MUST-M16
  expect((await call(null)).status).toBe(200);
  // MUST-M13, MUST-M14, MUST-M15
  for (const refused of [call("eu", "=?base64?!!?="), call("eu", "us"), call("eu")])
    expect(await refused).toMatchObject({ status: 400, messages: [{ error: { code: -32020 } }] });
});

test("a legacy request is answered with JSON or an event stream, a notification with 202 and nothing", async () => {
  await using at = await start("legacy");
  // MUST-L01, MUST-L06
  const plain = await post(at.url, legacyCall("look"), at.headers);
  expect([plain.status, plain.headers.get("content-type")]).toEqual([200, "application/json"]);
  // MUST-L04
  const accepted = await post(at.url, note, at.headers);
  expect([accepted.status, accepted.text]).toEqual([202, ""]);
  // MUST-L03, MUST-L05
  const batch = JSON.stringify([legacyCall("look").message]);
  expect((await post(at.url, { message: batch }, at.headers)).status).toBe(400);
  // MUST-L07
  expect((await fetch(at.url, { headers: at.headers })).status).toBe(405);
});

test("what belongs to a call's stream is on no other of the session's", async () => {
  await using at = await start("legacy");
  const { promise: listening, resolve } = Promise.withResolvers<ServerResponse>();
  at.upstream.on("GET", (_received, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    resolve(response);
  });
  at.upstream.on("tools/call", (received, response) => {
    sendEvent(response, note.message);
    sendEvent(response, result(received, { content: [] }));
    response.end();
  });
  const stream = await fetch(at.url, { headers: { ...at.headers, accept: "text/event-stream" } });
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  const call = await post(at.url, legacyCall("look"), at.headers);
  expect(call.messages).toMatchObject([{ method: "notifications/progress" }, { id: 1, result: {} }]);
  // MUST-L08, MUST-L09
  (await listening).end();
  expect(await stream.text()).toBe("");
});

test("a session's id is visible ASCII; once it has ended it is 404, and a version that nobody knows is 400", async () => {
  await using at = await start("legacy");
  // MUST-L10
  expect(at.headers["mcp-session-id"]).toMatch(/^[\x21-\x7e]+$/);
  // MUST-L12
  const unknown = { ...at.headers, "mcp-protocol-version": "1999-01-01" };
  expect((await post(at.url, legacyCall("look"), unknown)).status).toBe(400);
  // MUST-L11
  await fetch(at.url, { method: "DELETE", headers: at.headers });
  expect((await post(at.url, legacyCall("look"), at.headers)).status).toBe(404);
});
