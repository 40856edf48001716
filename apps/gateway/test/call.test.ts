import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream } from "./upstream.ts";

test("a modern client's call reaches a modern upstream, and its answer comes back byte by byte", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const odd = '{"jsonrpc":"2.0",  "id":"a","result":{"resultType":"complete","content":[],"unknown":1.50}}';
  upstream.on("tools/call", (_received, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(odd);
  });
  const answer = await post(small.endpoint.url, callTool("look", {}, { id: "a" }), bearer(small.token));
  expect(answer.status).toBe(200);
  expect(answer.text).toBe(odd);
});

test("so does a long one, of which is known what it says of itself; one that is none is told to be none", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const answerOf = (more: string) =>
    `{"jsonrpc":"2.0",  "id":1,"result":{"content":[{"type":"text","text":"${"é] ".repeat(100_000)}"}],${more}}}`;
  async function answered(text: string) {
    upstream.on("tools/call", (_received, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(text);
    });
    return post(small.endpoint.url, callTool("look"), bearer(small.token));
  }
  const failed = answerOf('"resultType":"complete","isError":true');
  expect((await answered(failed)).text).toBe(failed);
  const { house, org } = small;
  const [row] = await withOrg(house.owner, org.id, (scope) => listAudit(scope, { limit: 1, event: "call" }));
  expect(row).toMatchObject({ outcome: "tool_error" });
  expect((await answered(answerOf('"cacheScope":"public"'))).messages[0].result.cacheScope).toBe("private");
  for (const text of [failed.slice(0, -1), `${failed}}`, failed.replace('"id":1', '"id":2')]) {
    expect((await answered(text)).messages[0].error.message).toContain("its answer is not an answer to this request");
  }
});

test("a legacy client has a session of its own, which the upstream has under another name", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const session = await initialize(small.endpoint.url, small.token);
  const answer = await post(small.endpoint.url, legacyCall("look"), session);
  expect(answer.messages[0].result.content[0].text).toBe("Echo: hello");
  const sent = upstream.received.at(-1)!.headers["mcp-session-id"];
  expect(sent).toMatch(/^upstream-/);
  expect(sent).not.toBe(session["mcp-session-id"]);
  const ended = await fetch(small.endpoint.url, { method: "DELETE", headers: session });
  expect(ended.status).toBe(200);
  expect(upstream.received.at(-1)).toMatchObject({ method: "DELETE", headers: { "mcp-session-id": sent } });
  expect((await post(small.endpoint.url, legacyCall("look"), session)).status).toBe(404);
});

test("headers are made anew: the upstream sees neither the client's token nor its cookies, but its own credential", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { bearer: "upstream-secret" });
  const stray = { cookie: "a=canary", "x-forwarded-for": "1.2.3.4", "x-canary": "canary" };
  await post(small.endpoint.url, callTool("look"), { ...bearer(small.token), ...stray });
  const { headers } = upstream.received[0]!;
  expect(headers.authorization).toBe("Bearer upstream-secret");
  expect(JSON.stringify(headers)).not.toMatch(/canary|1\.2\.3\.4/);
  expect(JSON.stringify(upstream.received)).not.toContain(small.token);
  expect(headers).toMatchObject({
    "mcp-method": "tools/call",
    "mcp-name": "look",
    "mcp-protocol-version": "2026-07-28",
  });
});

test("the client's trace goes on to the upstream, and into the audit log", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const inMeta = traceparent.replace("0af7", "1bf7");
  await post(small.endpoint.url, callTool("look"), { ...bearer(small.token), traceparent });
  expect(upstream.received[0]!.headers.traceparent).toContain("0af7651916cd43dd8448eb211c80319c");
  await post(small.endpoint.url, callTool("look", {}, { meta: { traceparent: inMeta } }), {
    ...bearer(small.token),
    traceparent,
  });
  expect(upstream.received[1]!.headers.traceparent).toContain("1bf7651916cd43dd8448eb211c80319c");
  expect(upstream.received[1]!.body.params._meta.traceparent).toContain("1bf7651916cd43dd8448eb211c80319c");
  const rows = await withOrg(small.house.owner, small.org.id, (scope) => listAudit(scope, { limit: 1 }));
  expect(rows[0]!.entry.trace_id).toBe("1bf7651916cd43dd8448eb211c80319c");
});

test("progress arrives before the result does", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  let finish = () => {};
  upstream.on("tools/call", (received, response) => {
    sendEvent(response, {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progress: 1, progressToken: "p" },
    });
    finish = () => {
      sendEvent(response, result(received, { resultType: "complete", content: [] }));
      response.end();
    };
  });
  const { message, headers } = callTool("look", {}, { meta: { progressToken: "p" } });
  const response = await fetch(small.endpoint.url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers, ...bearer(small.token) },
    body: JSON.stringify(message),
  });
  expect(response.headers.get("x-accel-buffering")).toBe("no");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toContain("notifications/progress");
  finish();
  expect((await reader.read()).value).toContain('"result"');
  expect((await reader.read()).done).toBe(true);
});

test("an answer over several lines of an event is one answer, and can add nothing to the stream", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("tools/call", (_received, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(
      'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}\n\n',
    );
    response.end('data: {"jsonrpc":"2.0",\ndata: "id":1,"result":{"resultType":"complete",\ndata: "content":[]}}\n\n');
  });
  const answer = await post(small.endpoint.url, callTool("look"), bearer(small.token));
  expect(answer.messages.map(({ id }) => id)).toEqual([undefined, 1]);
  expect(answer.messages[1].result).toEqual({ resultType: "complete", content: [] });
});

test("a modern client that closes its stream stops the upstream's work", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const stopped = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  upstream.on("tools/call", (_received, response) => {
    response.on("close", stopped.resolve);
    begun.resolve();
  });
  const leaving = new AbortController();
  const answer = post(small.endpoint.url, callTool("change"), bearer(small.token), leaving.signal);
  await begun.promise;
  leaving.abort();
  await expect(answer).rejects.toThrow();
  await stopped.promise;
  await expect.poll(() => auditOutcomes(small)).toEqual(["cancelled", "started"]);
});

test("a legacy client's notifications/cancelled is passed on, and a dropped connection is not a cancellation", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const session = await initialize(small.endpoint.url, small.token);
  const begun = Promise.withResolvers<() => void>();
  upstream.on("tools/call", (received, response) => {
    begun.resolve(() => sendJson(response, result(received, { content: [] })));
  });
  const leaving = new AbortController();
  const call = post(small.endpoint.url, legacyCall("change", 7), session, leaving.signal);
  const finish = await begun.promise;
  leaving.abort();
  await expect(call).rejects.toThrow();
  const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
  expect((await post(small.endpoint.url, { message: cancelled }, session)).status).toBe(202);
  expect(upstream.received.at(-1)!.body).toEqual(cancelled);
  finish();
  await expect.poll(() => auditOutcomes(small)).toContain("undelivered");
});

test("tools that are not offered are in no list, and cannot be called", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const list = await post(small.endpoint.url, modern("tools/list"), bearer(small.token));
  expect(list.messages[0].result.tools.map((tool: { name: string }) => tool.name)).toEqual(["look", "change"]);
  for (const name of ["secret", "new", "nowhere"]) {
    const answer = await post(small.endpoint.url, callTool(name), bearer(small.token));
    expect(answer.messages[0], name).toMatchObject({
      id: 1,
      error: { code: -32602, message: `Unknown tool: ${name}` },
    });
  }
  expect(upstream.received.map(({ method }) => method)).toEqual(["tools/list"]);
});

test("what one member is given is cached for nobody else", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("resources/list", (received, response) => {
    sendJson(response, result(received, { resultType: "complete", resources: [], ttlMs: 1000, cacheScope: "public" }));
  });
  const answer = await post(small.endpoint.url, modern("resources/list"), bearer(small.token));
  expect(answer.messages[0].result).toMatchObject({ ttlMs: 1000, cacheScope: "private" });
});

test("an upstream that has forgotten its session gets another, once, and the call goes on", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const session = await initialize(small.endpoint.url, small.token);
  const forgotten = upstream.received.at(-1)!.headers["mcp-session-id"];
  upstream.on("tools/call", (received, response) => {
    if (received.headers["mcp-session-id"] === forgotten) return void response.writeHead(404).end();
    sendJson(response, result(received, { content: [{ type: "text", text: "again" }] }));
  });
  const answers = await Promise.all([1, 2, 3].map((id) => post(small.endpoint.url, legacyCall("look", id), session)));
  for (const answer of answers) expect(answer.messages[0].result.content[0].text).toBe("again");
  expect(upstream.received.filter(({ method }) => method === "initialize")).toHaveLength(2);
});

test("a session's own stream carries what the upstream says unasked, and ends with its upstream's", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const session = await initialize(small.endpoint.url, small.token);
  upstream.on("GET", (received, response) => {
    expect(received.headers["last-event-id"]).toBe("41");
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write('id: 42\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
    setTimeout(() => response.end(), 50);
  });
  const stream = await fetch(small.endpoint.url, {
    headers: { ...session, accept: "text/event-stream", "last-event-id": "41" },
  });
  expect(await stream.text()).toBe('id: 42\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
});

async function auditOutcomes({ house, org }: Awaited<ReturnType<typeof startSmallHouse>>): Promise<string[]> {
  const rows = await withOrg(house.owner, org.id, (scope) => listAudit(scope, { limit: 10 }));
  return rows.filter(({ entry }) => entry.method === "tools/call").map(({ outcome }) => outcome);
}
