import type { ServerResponse } from "node:http";
import { readSse, type SseEvent } from "@gatehouse/mcp/sse";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { insertRevocation } from "@gatehouse/store/revocations";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { bearer, initialize, legacyCall, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream, TOOLS, type Upstream } from "./upstream.ts";

// The deprecated HTTP+SSE transport (2024-11-05), as its messages are on the wire.

type Small = Awaited<ReturnType<typeof startSmallHouse>>;

const sseUrl = ({ endpoint }: Small) => endpoint.url.replace(/mcp$/, "sse");

/** A stream, and its events one after the other; `null` when it has ended. */
async function openStream(small: Small, token = small.token) {
  const response = await fetch(sseUrl(small), { headers: { ...bearer(token), accept: "text/event-stream" } });
  const events: SseEvent[] = [];
  const reader = readSse((event) => void events.push(event), 1e7);
  const chunks = response.body!.getReader();
  async function next(): Promise<SseEvent | null> {
    while (events.length === 0) {
      const { value, done } = await chunks.read().catch(() => ({ value: undefined, done: true }));
      if (done) return null;
      reader.read(Buffer.from(value!));
    }
    return events.shift()!;
  }
  const endpoint = await next();
  return {
    messagesUrl: new URL(endpoint!.data!, small.house.publicUrl).href,
    endpoint,
    next,
    // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
    message: async (): Promise<any> => JSON.parse((await next())!.data!),
    close: () => chunks.cancel(),
  };
}

type Stream = Awaited<ReturnType<typeof openStream>>;

const CLIENT = { capabilities: {}, clientInfo: { name: "test", version: "1" } };
const INITIALIZE = {
  message: { jsonrpc: "2.0", id: 0, method: "initialize", params: { protocolVersion: "2024-11-05", ...CLIENT } },
};

async function begin(stream: Stream, token: string) {
  await post(stream.messagesUrl, INITIALIZE, bearer(token));
  return stream.message();
}

/** Speaks HTTP+SSE, with `endpoint` as where it wants messages; answers are what `startUpstream` would answer. */
function speakHttpSse(upstream: Upstream, endpoint = "/messages") {
  const streams: ServerResponse[] = [];
  upstream.on("GET", (_received, response) => {
    streams.push(response);
    response.writeHead(200, { "content-type": "text/event-stream" }).write(`event: endpoint\ndata: ${endpoint}\n\n`);
  });
  const onStream = (method: string, answer: (body: { params: { protocolVersion: string } }) => object) =>
    upstream.on(method, (received, response) => {
      response.writeHead(202).end();
      sendEvent(streams.at(-1)!, result(received, answer(received.body)));
    });
  onStream("initialize", ({ params }) => ({
    protocolVersion: params.protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "test", version: "1" },
  }));
  onStream("tools/list", () => ({ tools: TOOLS }));
  onStream("tools/call", () => ({ content: [{ type: "text", text: "over SSE" }] }));
  return streams;
}

const methodsOf = ({ received }: Upstream) => received.map(({ method }) => method);

test("the first event says where to post, and what is posted there is answered on the stream", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const stream = await openStream(small);
  expect(stream.endpoint).toMatchObject({
    event: "endpoint",
    data: expect.stringMatching(/^\/acme\/tools\/messages\?/),
  });
  const accepted = await post(stream.messagesUrl, INITIALIZE, bearer(small.token));
  expect(accepted).toMatchObject({ status: 202, text: "" });
  expect(await stream.message()).toMatchObject({ id: 0, result: { protocolVersion: "2024-11-05" } });
  await post(stream.messagesUrl, legacyCall("look", 7), bearer(small.token));
  expect(await stream.message()).toMatchObject({ id: 7, result: { content: [{ text: "Echo: hello" }] } });
  await post(stream.messagesUrl, legacyCall("secret", 8), bearer(small.token));
  expect(await stream.message()).toMatchObject({ id: 8, error: { code: -32602 } });
});

test("a modern upstream is initialised in the client's own version", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const stream = await openStream(small);
  expect(await begin(stream, small.token)).toMatchObject({ id: 0, result: { protocolVersion: "2024-11-05" } });
});

test("an upstream's answer on several lines is one event", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const stream = await openStream(small);
  await begin(stream, small.token);
  upstream.on("tools/call", (received, response) => {
    const text = JSON.stringify(result(received, { content: [] }), null, 1).replaceAll("\n", "\r");
    response.writeHead(200, { "content-type": "application/json" }).end(text);
  });
  await post(stream.messagesUrl, legacyCall("look", 7), bearer(small.token));
  expect(await stream.message()).toMatchObject({ id: 7, result: { content: [] } });
});

test("a stream's address is its own client's: 404 for everybody else, and 401 for strangers", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const { house, org, endpoint, alice } = small;
  const bob = await house.addMember(org, "bob@acme.example");
  const other = await house.addConnector(org, "other", upstream, { era: "legacy" });
  const stream = await openStream(small);
  const bobs = await house.tokenFor(bob, endpoint);
  const otherClients = await house.tokenFor(alice, endpoint, { claims: { client_id: "another" } });
  for (const token of [bobs, otherClients]) {
    expect((await post(stream.messagesUrl, INITIALIZE, bearer(token))).status).toBe(404);
  }
  const elsewhere = stream.messagesUrl.replace("/tools/", "/other/");
  expect((await post(elsewhere, INITIALIZE, bearer(await house.tokenFor(alice, other)))).status).toBe(404);
  expect((await post(`${stream.messagesUrl}x`, INITIALIZE, bearer(small.token))).status).toBe(404);
  const stranger = await post(stream.messagesUrl, INITIALIZE);
  expect(stranger.status).toBe(401);
  expect(stranger.headers.get("www-authenticate")).toMatch(/oauth-protected-resource\/acme\/tools\/sse"/);
  expect(upstream.received).toEqual([]);
  await stream.close();
  await expect.poll(async () => (await post(stream.messagesUrl, INITIALIZE, bearer(small.token))).status).toBe(404);
});

test("the metadata of /sse names it as it was typed; /messages is no resource", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const { origin } = small.house.publicUrl;
  const metadata = (path: string) => fetch(`${origin}/.well-known/oauth-protected-resource${path}`);
  expect(await (await metadata("/acme/tools/sse")).json()).toMatchObject({ resource: sseUrl(small) });
  expect((await metadata("/acme/tools/messages")).status).toBe(404);
  const stranger = await fetch(sseUrl(small));
  expect(stranger.status).toBe(401);
  expect(stranger.headers.get("www-authenticate")).toMatch(/oauth-protected-resource\/acme\/tools\/sse"/);
});

test("what has no place on a stream is refused", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const stream = await openStream(small);
  const statusOf = async (message: Parameters<typeof post>[1]) =>
    (await post(stream.messagesUrl, message, bearer(small.token))).status;
  expect(await statusOf(legacyCall("look"))).toBe(400);
  expect(await statusOf(modern("tools/list"))).toBe(400);
  await begin(stream, small.token);
  expect(await statusOf(INITIALIZE)).toBe(400);
  expect(await statusOf({ message: [legacyCall("look").message] })).toBe(400);
  const posted = await post(sseUrl(small), INITIALIZE, bearer(small.token));
  expect(posted.status).toBe(405);
  expect(posted.headers.get("allow")).toBe("GET");
});

test("a session ends with its stream, here and upstream", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const stream = await openStream(small);
  await begin(stream, small.token);
  await stream.close();
  await expect.poll(() => methodsOf(upstream)).toContain("DELETE");
});

test("a stream is closed when the grant is revoked", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const stream = await openStream(small);
  await begin(stream, small.token);
  const revocation = { grantId: `grant of ${small.alice.email}`, expiresAt: new Date(Date.now() + 3_600_000) };
  await withOrg(small.house.owner, small.org.id, (scope) => insertRevocation(scope, revocation));
  expect(await stream.next()).toBeNull();
});

test("a stream is closed when its token expires, but for a client that has shown a newer one", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const exp = Math.floor(Date.now() / 1000) + 2;
  const short = await small.house.tokenFor(small.alice, small.endpoint, { claims: { exp } });
  const [left, renewed] = await Promise.all([openStream(small, short), openStream(small, short)]);
  await begin(renewed, small.token);
  expect(await left.next()).toBeNull();
  await post(renewed.messagesUrl, legacyCall("look", 7), bearer(small.token));
  expect(await renewed.message()).toMatchObject({ id: 7, result: {} });
});

test("an answer that cannot be recorded does not come", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const stream = await openStream(small);
  await begin(stream, small.token);
  await sql`revoke insert on audit from gatehouse_audit`.execute(small.house.owner);
  await post(stream.messagesUrl, legacyCall("look", 7), bearer(small.token));
  expect(await stream.message()).toMatchObject({ id: 7, error: { code: 503 } });
});

test("an upstream that wants its messages sent to another origin is sent none", async () => {
  await using upstream = await startUpstream();
  await using elsewhere = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", transport: "http+sse", bearer: "secret" });
  speakHttpSse(upstream, elsewhere.url);
  const answer = await post(small.endpoint.url, INITIALIZE, bearer(small.token));
  expect(answer.messages[0].error.message).toMatch(/^tools: .*another origin/);
  expect(methodsOf(upstream)).toEqual(["GET"]);
  expect(elsewhere.received).toEqual([]);
});

test("an upstream whose stream breaks off fails the calls that run, and the next opens another, once", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", transport: "http+sse" });
  const streams = speakHttpSse(upstream);
  const session = await initialize(small.endpoint.url, small.token);
  let respond = (_response: ServerResponse) => {};
  const begun = new Promise<void>((resolve) => {
    respond = (response) => {
      response.writeHead(202).end();
      resolve();
    };
  });
  upstream.on("tools/call", (_received, response) => respond(response));
  const running = post(small.endpoint.url, legacyCall("change", 7), session);
  await begun;
  streams.at(-1)!.destroy();
  const failed = await running;
  expect(failed.messages[0]).toMatchObject({ id: 7, error: { code: 502 } });
  expect(failed.messages[0].error.message).toMatch(/broke off.*may have had an effect/);

  speakHttpSse(upstream);
  const answers = await Promise.all([8, 9].map((id) => post(small.endpoint.url, legacyCall("look", id), session)));
  for (const { messages } of answers) expect(messages[0].result.content[0].text).toBe("over SSE");
  expect(methodsOf(upstream).filter((method) => method === "initialize")).toHaveLength(2);
});

test("an upstream that answers a message with an error of HTTP fails the call, and says how", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", transport: "http+sse" });
  speakHttpSse(upstream);
  const session = await initialize(small.endpoint.url, small.token);
  upstream.on("tools/call", (_received, response) => sendJson(response, {}, { status: 500 }));
  const { messages } = await post(small.endpoint.url, legacyCall("look", 7), session);
  expect(messages[0]).toMatchObject({ id: 7, error: { code: 502, message: expect.stringContaining("HTTP 500") } });
});

test("what an upstream asks before anybody listens is answered for the client, and holds nobody up", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", transport: "http+sse" });
  const streams = speakHttpSse(upstream);
  upstream.on("notifications/initialized", (_received, response) => {
    response.writeHead(202).end();
    for (const method of ["ping", "roots/list"]) sendEvent(streams.at(-1)!, { jsonrpc: "2.0", id: method, method });
  });
  await initialize(small.endpoint.url, small.token);
  const answers = () => upstream.received.map(({ body }) => body).filter((body) => body && !("method" in body));
  await expect.poll(() => answers().length).toBe(2);
  expect(answers().find(({ id }) => id === "ping")).toMatchObject({ result: {} });
  expect(answers().find(({ id }) => id === "roots/list")).toMatchObject({ error: { code: -32601 } });
});

test("two requests of one id: the second is refused while the first runs", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", transport: "http+sse" });
  const streams = speakHttpSse(upstream);
  const session = await initialize(small.endpoint.url, small.token);
  const begun = Promise.withResolvers<() => void>();
  upstream.on("tools/call", (received, response) => {
    response.writeHead(202).end();
    begun.resolve(() => sendEvent(streams.at(-1)!, result(received, { content: [] })));
  });
  const first = post(small.endpoint.url, legacyCall("look", 7), session);
  const answerFirst = await begun.promise;
  const second = await post(small.endpoint.url, legacyCall("look", 7), session);
  expect(second.messages[0]).toMatchObject({ id: 7, error: { code: -32600 } });
  answerFirst();
  expect((await first).messages[0]).toMatchObject({ id: 7, result: { content: [] } });
});

test("an upstream that does not answer in time is told that nobody waits", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", transport: "http+sse", upstreamTimeoutMs: 300 });
  speakHttpSse(upstream);
  const session = await initialize(small.endpoint.url, small.token);
  upstream.on("tools/call", (_received, response) => void response.writeHead(202).end());
  const answer = await post(small.endpoint.url, legacyCall("look", "mine"), session);
  expect(answer.messages[0].error.message).toMatch(/did not answer in time/);
  await expect
    .poll(() => upstream.received.find(({ method }) => method === "notifications/cancelled")?.body.params.requestId)
    .toBe("mine");
});

test("an upstream that tells of progress for ever is given up in the end, though it is never silent for long", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", transport: "http+sse", upstreamTimeoutMs: 100 });
  const streams = speakHttpSse(upstream);
  const session = await initialize(small.endpoint.url, small.token);
  const params = { progressToken: "p", progress: 1 };
  let telling: NodeJS.Timeout | undefined;
  upstream.on("tools/call", (_received, response) => {
    response.writeHead(202).end();
    telling = setInterval(
      () => sendEvent(streams.at(-1)!, { jsonrpc: "2.0", method: "notifications/progress", params }),
      20,
    );
  });
  const { message } = legacyCall("look");
  const call = { message: { ...message, params: { ...message.params, _meta: { progressToken: "p" } } } };
  const answer = await post(small.endpoint.url, call, session).finally(() => clearInterval(telling));
  expect(answer.messages.at(-1).error.message).toContain("came to no end in time");
});

test("an answer that breaks off is read on for a client that cannot do so itself", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const stream = await openStream(small);
  await begin(stream, small.token);
  upstream.on("tools/call", (received, response) => {
    upstream.on("GET", ({ headers }, rest) => {
      expect(headers["last-event-id"]).toBe("1");
      sendEvent(rest, result(received, { content: [{ type: "text", text: "after all" }] }));
    });
    response.writeHead(200, { "content-type": "text/event-stream" }).end("id: 1\nretry: 10\ndata:\n\n");
  });
  await post(stream.messagesUrl, legacyCall("look", 7), bearer(small.token));
  expect(await stream.message()).toMatchObject({ id: 7, result: { content: [{ text: "after all" }] } });
});

test("a client that goes leaves what it was asked unanswered, and the call ends at once", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const inputRequests = { name: { method: "roots/list" } };
  upstream.on("tools/call", (received, response) =>
    sendJson(response, result(received, { resultType: "input_required", inputRequests })),
  );
  const stream = await openStream(small);
  const { message } = INITIALIZE;
  const params = { ...message.params, capabilities: { roots: {} } };
  await post(stream.messagesUrl, { message: { ...message, params } }, bearer(small.token));
  await stream.message();
  await post(stream.messagesUrl, legacyCall("look", 7), bearer(small.token));
  expect(await stream.message()).toMatchObject({ method: "roots/list" });
  await stream.close();
  const outcomes = () => withOrg(small.house.owner, small.org.id, (scope) => listAudit(scope, { limit: 10 }));
  await expect
    .poll(async () => (await outcomes()).find(({ entry }) => entry.method === "tools/call")?.outcome, { timeout: 5000 })
    .toBe("cancelled");
});
