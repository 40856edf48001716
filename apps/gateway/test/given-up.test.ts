import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { type Respond, result, sendEvent, startUpstream, type Upstream } from "./upstream.ts";

// Answers that break off, and those that are not waited for any longer.

const PROGRESS = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } };

const cancelled = ({ received }: Upstream) =>
  received.find(({ method }) => method === "notifications/cancelled")?.body.params.requestId;
const callOf = ({ received }: Upstream) => received.find(({ method }) => method === "tools/call")!;
const streamOf = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });

const GIVEN_UP: [string, Respond][] = [
  ["says nothing for too long", () => {}],
  ["falls silent in the middle", (_received, response) => sendEvent(response, PROGRESS)],
  ["says what is no message", (_received, response) => void streamOf(response).write("data: canary\n\n")],
  [
    "says more than it may",
    (_received, response) => void streamOf(response).write(`data: ${"x".repeat(17 * 1024 * 1024)}`),
  ],
  [
    "breaks off, and cannot be asked for the rest",
    (_received, response) => {
      sendEvent(response, PROGRESS);
      setImmediate(() => response.destroy());
    },
  ],
];

test.each(GIVEN_UP)("a legacy upstream that %s is told that nobody waits", async (_what, respond) => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", upstreamTimeoutMs: 500 });
  upstream.on("tools/call", respond);
  const session = await initialize(small.endpoint.url, small.token);
  const legacy = await post(small.endpoint.url, legacyCall("change", "mine"), session);
  expect(legacy.messages.at(-1)).toMatchObject({ id: "mine", error: { message: /may have had an effect/ } });
  expect(legacy.text).not.toContain("canary");
  await expect.poll(() => cancelled(upstream)).toBe("mine");
  upstream.received.length = 0;
  const modern = await post(small.endpoint.url, callTool("change"), bearer(small.token));
  expect(modern.messages.at(-1).error.message).toMatch(/may have had an effect/);
  await expect.poll(() => cancelled(upstream)).toBe(callOf(upstream).body.id);
});

test.each(GIVEN_UP.slice(0, 4))("a modern upstream that %s sees its stream close", async (_what, respond) => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { upstreamTimeoutMs: 500 });
  const closed = Promise.withResolvers<void>();
  upstream.on("tools/call", (received, response) => {
    response.on("close", closed.resolve);
    return respond(received, response);
  });
  await post(small.endpoint.url, callTool("look"), bearer(small.token));
  await closed.promise;
  expect(cancelled(upstream)).toBeUndefined();
});

test("a task, and the opening of a session, are not cancelled as a call is", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", upstreamTimeoutMs: 200 });
  const session = await initialize(small.endpoint.url, small.token);
  upstream.on("tools/call", () => {});
  upstream.on("initialize", () => {});
  const { message } = legacyCall("look", 1);
  const task = { ...message, params: { ...message.params, task: {} } };
  expect((await post(small.endpoint.url, { message: task }, session)).messages[0].error).toBeDefined();
  await initialize(small.endpoint.url, small.token);
  await post(small.endpoint.url, legacyCall("look", 2), session);
  await expect.poll(() => cancelled(upstream)).toBe(2);
  expect(upstream.received.filter(({ method }) => method === "notifications/cancelled")).toHaveLength(1);
});

/** A legacy upstream that cuts its stream after an event with an id, and goes on when it is asked from there. */
function cutOnce(upstream: Upstream, value: object) {
  let asked = { body: { id: 0 as unknown } } as Parameters<typeof result>[0];
  const cutAt: number[] = [];
  const readOnAt: number[] = [];
  upstream.on("tools/call", (received, response) => {
    asked = received;
    streamOf(response).write(`id: 7\nretry: 150\ndata: ${JSON.stringify(PROGRESS)}\n\nid: 8\ndata: {"jsonr`, () => {
      cutAt.push(performance.now());
      response.destroy();
    });
  });
  upstream.on("GET", ({ headers }, response) => {
    if (headers["last-event-id"] === undefined) return void response.writeHead(405).end();
    expect(headers["last-event-id"]).toBe("7");
    readOnAt.push(performance.now());
    sendEvent(response, result(asked, value));
  });
  return { waited: () => readOnAt[0]! - cutAt[0]! };
}

test("a stream that is cut is read on from where it was, when its server said to", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const cut = cutOnce(upstream, { content: [{ type: "text", text: "after all" }] });
  const answer = await post(small.endpoint.url, callTool("change"), bearer(small.token));
  expect(answer.messages.at(-1).result).toMatchObject({ content: [{ text: "after all" }], resultType: "complete" });
  expect(cut.waited()).toBeGreaterThan(140);
  expect(cancelled(upstream)).toBeUndefined();
});

test("a stream that is cut over and over, and wants to be read on at once, is read on slowly, and given up in the end", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", upstreamTimeoutMs: 100 });
  const cut = `id: 7\nretry: 0\ndata: ${JSON.stringify(PROGRESS)}\n\n`;
  let readOn = 0;
  upstream.on("tools/call", (_, response) => void streamOf(response).end(cut));
  upstream.on("GET", ({ headers }, response) => {
    if (headers["last-event-id"] === undefined) return void response.writeHead(405).end();
    readOn++;
    streamOf(response).end(cut);
  });
  const answer = await post(small.endpoint.url, callTool("look"), bearer(small.token));
  expect(answer.messages.at(-1).error.message).toContain("came to no end in time");
  expect(readOn).toBeLessThan(13);
});

test("a legacy client is given what it needs to read on itself", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  cutOnce(upstream, { tools: [{ name: "look" }, { name: "secret" }] });
  const session = await initialize(small.endpoint.url, small.token);
  const answer = await post(small.endpoint.url, legacyCall("look"), session);
  expect(answer.text).toContain("id: 7\nretry: 150\n");
  expect(answer.messages).toEqual([PROGRESS]);
  const leaving = new AbortController();
  const headers = { ...session, "last-event-id": "7" };
  const rest = await fetch(small.endpoint.url, { headers, signal: leaving.signal });
  const { value } = await rest.body!.pipeThrough(new TextDecoderStream()).getReader().read();
  expect(value).toContain("look");
  expect(value).not.toContain("secret");
  leaving.abort();
});
