import { connect } from "node:net";
import { readSse } from "@gatehouse/mcp/sse";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { listMetrics } from "@gatehouse/telemetry/metrics";
import { renderOpenMetrics } from "@gatehouse/telemetry/open-metrics";
import { startSseFixture } from "@gatehouse/testing/conformance/sse-fixture";
import { cloneDatabase } from "@gatehouse/testing/database";
import { startHouse } from "@gatehouse/testing/house";
import { startReplicas } from "@gatehouse/testing/replicas";
import { tokenFor } from "@gatehouse/testing/token-for";
import { openWay } from "@gatehouse/testing/weather";
import { expect, inject, test, vi } from "vitest";
import { bearer, callTool, initialize, legacyCall, post } from "../apps/gateway/test/client.ts";
import { result, sendEvent, sendJson, startUpstream, type Upstream } from "../apps/gateway/test/upstream.ts";

// What one of two gateways holds, and the other is asked for; and what becomes of it when one of them is gone.

type Era = "legacy" | "modern";

async function startPair(era: Era) {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream());
  const house = stack.use(await startReplicas(2));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const inputSchema = { type: "object" } as const;
  const tools = [
    { name: "look", inputSchema, classification: "read" as const },
    { name: "change", inputSchema, classification: "write" as const },
  ];
  const endpoint = await house.addConnector(org, { slug: "tools", url: upstream.url, era, tools });
  const tokens = await tokenFor(alice, endpoint.url);
  const audit = (limit: number) =>
    withOrg(house.ownerDb, org.id, (scope) => listAudit(scope, { limit, event: "call" }));
  const opened = stack.move();
  return {
    ...{ upstream, house, endpoint, tokens, token: tokens.accessToken, audit, org },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Pair = Awaited<ReturnType<typeof startPair>>;

const META = { meta: { "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } } } };
const ASK = { method: "elicitation/create", params: { message: "Who?", requestedSchema: { type: "object" } } };
const ADA = { action: "accept", content: { name: "Ada" } };
const INTERRUPTED = { code: 502, message: expect.stringMatching(/interrupted.*outcome is unknown/) };

/** A legacy upstream that asks in every call and, where it `finishes`, ends the call when it is answered. */
function askOnStream(upstream: Upstream, { finishes = true } = {}): void {
  let finish = (_answer: unknown) => {};
  upstream.on("tools/call", (received, response) => {
    finish = (answer) => {
      sendEvent(response, result(received, { content: [{ type: "text", text: JSON.stringify(answer) }] }));
      response.end();
    };
    sendEvent(response, { jsonrpc: "2.0", id: "up-1", ...ASK });
  });
  upstream.on("POST", (received, response) => {
    response.writeHead(202).end();
    if (finishes) finish(received.body.result);
  });
}

/** A modern upstream that asks once. */
function askInRounds(upstream: Upstream): void {
  upstream.on("tools/call", (received, response) => {
    const { inputResponses } = received.body.params;
    const content = [{ type: "text", text: JSON.stringify(inputResponses) }];
    const asking = { resultType: "input_required", inputRequests: { who: ASK }, requestState: "s" };
    sendJson(response, result(received, inputResponses ? { resultType: "complete", content } : asking));
  });
}

function round(pair: Pair, name: string, more: object = {}, id = 1) {
  const { message, headers } = callTool(name, {}, { id, ...META });
  return post(pair.endpoint.url, { message: withParams(message, more), headers }, bearer(pair.token));
}

function withParams(message: { params: object }, more: object): object {
  return { ...message, params: { ...message.params, ...more } };
}

/** Calls at the first replica, which parks the call. Answers the params of the next round. */
async function park(pair: Pair, name = "look"): Promise<object> {
  pair.house.proxy.only = 0;
  const asked = await round(pair, name);
  const { requestState, inputRequests } = asked.messages[0].result;
  return { requestState, inputResponses: { [Object.keys(inputRequests)[0]!]: ADA } };
}

/** A request whose answer is a stream, read message by message. */
async function openStream(url: string, message: object | null, headers: Record<string, string>, isJson = true) {
  const response = await fetch(url, {
    method: message ? "POST" : "GET",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    ...(message ? { body: JSON.stringify(message) } : {}),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
  const messages: any[] = [];
  const events: string[] = [];
  const reader = readSse(({ data = "" }) => {
    events.push(data);
    if (isJson && data) messages.push(JSON.parse(data));
  }, 1e7);
  const ended = (async () => {
    for await (const chunk of response.body!) reader.read(Buffer.from(chunk));
  })().then(
    () => "ended",
    () => "broken off",
  );
  const next = (count: number) => vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(count), WAIT);
  return { response, events, messages, ended, next };
}

const WAIT = { timeout: 10_000, interval: 10 };

test("a parked call goes on at the replica that holds it, once, whichever is asked", { timeout: 60_000 }, async () => {
  await using pair = await startPair("legacy");
  askOnStream(pair.upstream);
  const next = await park(pair, "change");
  pair.house.proxy.only = 1;
  const answered = await round(pair, "change", next, 2);
  expect(answered.messages.at(-1)).toMatchObject({ id: 2, result: { resultType: "complete" } });
  expect(answered.text).toContain("Ada");
  const rows = (await pair.audit(10)).toReversed();
  expect(rows.map(({ outcome, entry }) => [entry.phase, outcome])).toEqual([
    ["intent", "started"],
    ["outcome", "input_required"],
    ["intent", "started"],
    ["outcome", "ok"],
  ]);
  expect(rows[3]!.entry.call).toBe(rows[2]!.id);
  for (const replica of [0, 1]) {
    pair.house.proxy.only = replica;
    const again = await round(pair, "change", next, 3);
    expect(again.messages[0].error).toMatchObject({ code: -32602, message: expect.stringMatching(/has been used/) });
  }
  expect(pair.upstream.received.filter(({ method }) => method === "tools/call")).toHaveLength(1);
});

test("a parked call ends with its replica, and says so", { timeout: 60_000 }, async () => {
  await using pair = await startPair("legacy");
  askOnStream(pair.upstream);
  const next = await park(pair);
  await pair.house.replicas[0]!.kill();
  pair.house.proxy.only = 1;
  const answered = await round(pair, "look", next, 2);
  expect(answered.status).toBe(200);
  expect(answered.messages[0]).toMatchObject({ id: 2, error: INTERRUPTED });
  expect((await pair.audit(1))[0]).toMatchObject({ outcome: "interrupted" });
});

test.each(["kill", "freeze"] as const)(
  "a call that runs at another replica ends when that does: %s",
  { timeout: 60_000 },
  async (how) => {
    await using pair = await startPair("legacy");
    askOnStream(pair.upstream, { finishes: false });
    const next = await park(pair);
    pair.house.proxy.only = 1;
    const answer = round(pair, "look", next, 2);
    await vi.waitFor(() => expect(pair.upstream.received.some(({ method }) => method === "POST")).toBe(true), WAIT);
    await pair.house.replicas[0]![how]();
    expect((await answer).messages.at(-1)).toMatchObject({ id: 2, error: INTERRUPTED });
    const rows = await pair.audit(10);
    expect(rows.filter(({ outcome }) => outcome === "interrupted")).toHaveLength(1);
  },
);

test("a client that closes its stream cancels what runs at another replica", { timeout: 60_000 }, async () => {
  await using pair = await startPair("legacy");
  askOnStream(pair.upstream, { finishes: false });
  const next = await park(pair);
  pair.house.proxy.only = 1;
  const { message, headers } = callTool("look", {}, { id: 2, ...META });
  const leaving = new AbortController();
  const request = { message: withParams(message, next), headers };
  const answer = post(pair.endpoint.url, request, bearer(pair.token), leaving.signal);
  await vi.waitFor(() => expect(pair.upstream.received.some(({ method }) => method === "POST")).toBe(true), WAIT);
  leaving.abort();
  await expect(answer).rejects.toThrow();
  const cancelled = () => pair.upstream.received.some(({ method }) => method === "notifications/cancelled");
  await vi.waitFor(() => expect(cancelled()).toBe(true), WAIT);
  await vi.waitFor(async () => expect((await pair.audit(1))[0]).toMatchObject({ outcome: "cancelled" }), WAIT);
  expect(await pair.audit(10)).toHaveLength(2);
});

test("a legacy client's answers and cancellations find the replica that waits for them", {
  timeout: 60_000,
}, async () => {
  await using pair = await startPair("modern");
  const { endpoint, house, upstream } = pair;
  askInRounds(upstream);
  house.proxy.only = 0;
  const session = await initialize(endpoint.url, pair.token, "2025-11-25", { elicitation: {} });
  const asking = await openStream(endpoint.url, legacyCall("look", 7).message, session);
  await asking.next(1);
  house.proxy.only = 1;
  const reply = { jsonrpc: "2.0", id: asking.messages[0].id, result: ADA };
  expect((await post(endpoint.url, { message: reply }, session)).status).toBe(202);
  await asking.ended;
  expect(asking.messages.at(-1)).toMatchObject({
    id: 7,
    result: { content: [{ text: expect.stringContaining("Ada") }] },
  });
  expect((await post(endpoint.url, { message: reply }, session)).status).toBe(400);

  let left = false;
  upstream.on("tools/call", (_received, response) => {
    sendEvent(response, { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "on it" } });
    response.once("close", () => {
      left = true;
    });
  });
  house.proxy.only = 0;
  const running = await openStream(endpoint.url, legacyCall("look", 8).message, session);
  await running.next(1);
  house.proxy.only = 1;
  await post(
    endpoint.url,
    { message: { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 8 } } },
    session,
  );
  await vi.waitFor(() => expect(left).toBe(true), WAIT);
});

test("a legacy session lives on when the replica that opened it does not", { timeout: 60_000 }, async () => {
  await using pair = await startPair("modern");
  const { endpoint, house, upstream } = pair;
  askInRounds(upstream);
  house.proxy.only = 0;
  const session = await initialize(endpoint.url, pair.token, "2025-11-25", { elicitation: {} });
  await post(
    endpoint.url,
    { message: { jsonrpc: "2.0", id: 1, method: "logging/setLevel", params: { level: "warning" } } },
    session,
  );
  const asking = await openStream(endpoint.url, legacyCall("look", 2).message, session);
  await asking.next(1);
  house.proxy.only = null;
  await house.replicas[0]!.kill();
  expect(await asking.ended).toBe("broken off");
  const reply = { jsonrpc: "2.0", id: asking.messages[0].id, result: ADA };
  const refused = await post(endpoint.url, { message: reply }, session);
  expect([refused.status, refused.messages[0].error]).toEqual([502, expect.objectContaining(INTERRUPTED)]);
  const listed = await post(endpoint.url, { message: { jsonrpc: "2.0", id: 3, method: "tools/list" } }, session);
  expect(listed.messages[0].result.tools.length).toBeGreaterThan(0);
  const { _meta } = upstream.received.at(-1)!.body.params;
  expect(_meta["io.modelcontextprotocol/logLevel"]).toBe("warning");
});

test("what a legacy session changes, renews or ends at one replica, it does at the other", {
  timeout: 60_000,
}, async () => {
  await using pair = await startPair("modern");
  const { endpoint, house, upstream } = pair;
  const capabilities = { tools: {}, resources: { subscribe: true } };
  upstream.on("server/discover", (received, response) => sendJson(response, result(received, { capabilities })));
  upstream.on("subscriptions/listen", ({ body }, response) => {
    sendEvent(response, { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params: body.params });
  });
  const listened = () =>
    upstream.received.filter(({ method }) => method === "subscriptions/listen").at(-1)?.body.params;
  house.proxy.only = 1;
  const session = await initialize(endpoint.url, pair.token);
  const stream = await openStream(endpoint.url, null, session);
  house.proxy.only = 0;
  const subscribe = { jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri: "test://a" } };
  expect((await post(endpoint.url, { message: subscribe }, session)).status).toBe(200);
  await vi.waitFor(() => expect(listened()?.notifications.resourceSubscriptions).toEqual(["test://a"]), WAIT);
  house.proxy.only = null;
  const levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
  for (const level of levels) {
    await post(
      endpoint.url,
      { message: { jsonrpc: "2.0", id: 1, method: "logging/setLevel", params: { level } } },
      session,
    );
    await post(endpoint.url, { message: { jsonrpc: "2.0", id: 2, method: "tools/list" } }, session);
    expect(upstream.received.at(-1)!.body.params._meta["io.modelcontextprotocol/logLevel"]).toBe(level);
  }
  house.proxy.only = 0;
  expect((await fetch(endpoint.url, { method: "DELETE", headers: session })).status).toBe(200);
  await stream.ended;
  house.proxy.only = 1;
  expect((await post(endpoint.url, legacyCall("look"), session)).status).toBe(404);
});

test("a modern client has one session at a legacy upstream, until the replica that has it is lost", {
  timeout: 60_000,
}, async () => {
  await using pair = await startPair("legacy");
  const { house, upstream } = pair;
  const sessions = () =>
    new Set(upstream.received.map(({ headers }) => headers["mcp-session-id"]).filter(Boolean)).size;
  for (let call = 0; call < 6; call++) expect((await round(pair, "look")).status).toBe(200);
  expect(sessions()).toBe(1);
  await house.replicas[0]!.kill();
  for (let call = 0; call < 3; call++) {
    expect((await round(pair, "look")).messages[0].result).toMatchObject({ resultType: "complete" });
  }
  expect(sessions()).toBeLessThanOrEqual(2);
  const outcomes = (await pair.audit(20)).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(Array.from({ length: 9 }, () => "ok"));
});

/** What Redis is told, until it is disposed of. */
async function watchRedis() {
  const { hostname, port } = new URL(inject("services").redisUrl);
  const redis = connect(Number(port), hostname);
  const lines: string[] = [];
  redis.on("data", (chunk) => lines.push(...chunk.toString().split("\r\n")));
  redis.write("MONITOR\r\n");
  await vi.waitFor(() => expect(lines).toContain("+OK"), WAIT);
  return { lines, [Symbol.dispose]: () => redis.destroy() };
}

test("which replica has a modern client's session is asked of Redis once a second, and again when that replica is lost", {
  timeout: 60_000,
}, async () => {
  await using pair = await startPair("legacy");
  const { house } = pair;
  using redis = await watchRedis();
  house.proxy.only = 0;
  await round(pair, "look");
  house.proxy.only = 1;
  await round(pair, "look");
  const before = redis.lines.length;
  const began = performance.now();
  for (let call = 0; call < 10; call++) expect((await round(pair, "look")).status).toBe(200);
  const seconds = Math.ceil((performance.now() - began) / 1000);
  const asked = redis.lines.slice(before).filter((line) => /upstream-session:.*"NX"/.test(line));
  expect(asked.length).toBeLessThanOrEqual(seconds);
  await house.replicas[0]!.kill();
  for (let call = 0; call < 2; call++) {
    expect((await round(pair, "look")).messages[0].result).toMatchObject({ resultType: "complete" });
  }
});

test("an upstream session that one replica opened anew is the other's too", { timeout: 60_000 }, async () => {
  await using pair = await startPair("legacy");
  const { endpoint, house, upstream } = pair;
  house.proxy.only = 0;
  const session = await initialize(endpoint.url, pair.token);
  house.proxy.only = 1;
  expect((await post(endpoint.url, legacyCall("look"), session)).status).toBe(200);
  const forgotten = upstream.received.at(-1)!.headers["mcp-session-id"];
  upstream.on("tools/call", (received, response) => {
    if (received.headers["mcp-session-id"] === forgotten) return void response.writeHead(404).end();
    sendJson(response, result(received, { content: [] }));
  });
  const opened = () => upstream.received.filter(({ method }) => method === "initialize").length;
  const before = opened();
  for (const replica of [0, 1, 0, 1]) {
    house.proxy.only = replica;
    expect((await post(endpoint.url, legacyCall("look"), session)).status).toBe(200);
  }
  expect(opened()).toBe(before + 1);
});

test("a session whose upstream was held as a stream by a lost replica goes on with a new one", {
  timeout: 60_000,
}, async () => {
  await using fixture = await startSseFixture();
  await using house = await startReplicas(2);
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = [{ name: "test_simple_text", inputSchema: { type: "object" }, classification: "read" as const }];
  const upstream = { url: fixture.url.href, era: "legacy", transport: "http+sse" } as const;
  const endpoint = await house.addConnector(org, { slug: "tools", ...upstream, tools });
  const { accessToken } = await tokenFor(alice, endpoint.url);
  house.proxy.only = 0;
  const session = await initialize(endpoint.url, accessToken);
  const stream = await openStream(endpoint.url.replace(/mcp$/, "sse"), null, bearer(accessToken), false);
  await vi.waitFor(() => expect(stream.events).toHaveLength(1), WAIT);
  const messages = new URL(stream.events[0]!, endpoint.url).href;
  const call = () => post(endpoint.url, legacyCall("test_simple_text"), session);
  house.proxy.only = 1;
  expect((await call()).text).toMatch(/simple text/);
  expect(fixture.opened()).toBe(1);
  await house.replicas[0]!.kill();
  expect((await call()).text).toMatch(/simple text/);
  expect(fixture.opened()).toBe(2);
  expect(await stream.ended).toBe("broken off");
  expect((await post(messages, legacyCall("test_simple_text"), bearer(accessToken))).status).toBe(404);
});

test("what is revoked is refused by every replica within a second", { timeout: 60_000 }, async () => {
  await using pair = await startPair("modern");
  const { endpoint, house, tokens } = pair;
  const status = async (replica: number) => {
    house.proxy.only = replica;
    return (await post(endpoint.url, callTool("look"), bearer(pair.token))).status;
  };
  expect([await status(0), await status(1)]).toEqual([200, 200]);
  const body = new URLSearchParams({ token: tokens.refreshToken, client_id: tokens.clientId });
  expect((await fetch(`${house.url}/oauth/revoke`, { method: "POST", body })).status).toBe(200);
  const revokedAt = performance.now();
  for (const replica of [0, 1]) await vi.waitFor(async () => expect(await status(replica)).toBe(401), WAIT);
  expect(performance.now() - revokedAt).toBeLessThan(1000);
});

/** A house that reaches Postgres, Redis and its upstream each by a way that can be cut. */
async function startOnWays() {
  await using stack = new AsyncDisposableStack();
  const { redisUrl } = inject("services");
  const database = stack.use(await cloneDatabase());
  const direct = new URL(database.access.url);
  const socket = `${direct.searchParams.get("host")}/.s.PGSQL.${direct.port || 5432}`;
  const upstream = stack.use(await startUpstream());
  const ways = {
    postgres: stack.use(await openWay({ path: socket })),
    redis: stack.use(await openWay({ port: Number(new URL(redisUrl).port) })),
    upstream: stack.use(await openWay({ port: Number(new URL(upstream.url).port) })),
  };
  const { username, password, pathname } = direct;
  const access = {
    url: `postgres://${username}:${password}@127.0.0.1:${ways.postgres.port}${pathname}`,
    password: database.access.password,
  };
  const redis = `redis://127.0.0.1:${ways.redis.port}`;
  const house = stack.use(await startHouse({ access, vault: database.vault, redisUrl: redis }));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = [{ name: "look", inputSchema: { type: "object" as const }, classification: "read" as const }];
  const url = `http://127.0.0.1:${ways.upstream.port}/mcp`;
  const endpoint = await house.addConnector(org, { slug: "tools", url, tools });
  const { accessToken } = await tokenFor(alice, endpoint.url);
  const opened = stack.move();
  return {
    ways,
    call: () => post(endpoint.url, callTool("look"), bearer(accessToken)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Lots of limits that this process was given, as Prometheus is told. */
function lotsFrom(source: "redis" | "insurance"): number {
  const lots = new RegExp(`gatehouse_limits_lots_total\\{source="${source}"\\} (.*)`).exec(
    renderOpenMetrics(listMetrics()),
  );
  return Number(lots?.[1] ?? 0);
}

test("its upstream, Redis and Postgres are cut off in turn: what is promised is answered, and all is well again by itself", {
  timeout: 90_000,
}, async () => {
  await using house = await startOnWays();
  const { ways, call } = house;
  const answersUntil = (check: (answer: Awaited<ReturnType<typeof call>>) => void) =>
    vi.waitFor(async () => check(await call()), { timeout: 25_000, interval: 100 });
  const isWell = () => answersUntil(({ messages }) => expect(messages).toMatchObject([{ result: {} }]));
  await isWell();

  ways.upstream.weather = "cut";
  await answersUntil(({ text }) => expect(text).toMatch(/left alone for a moment.*Nothing was sent/));
  ways.upstream.weather = "clear";
  await isWell();

  const alone = lotsFrom("insurance");
  ways.redis.weather = "cut";
  while (lotsFrom("insurance") === alone) expect((await call()).messages).toMatchObject([{ result: {} }]);
  const together = lotsFrom("redis");
  ways.redis.weather = "clear";
  await answersUntil(() => expect(lotsFrom("redis")).toBeGreaterThan(together));

  ways.postgres.weather = "cut";
  await answersUntil(({ status, headers }) => {
    expect(status).toBe(503);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });
  ways.postgres.weather = "clear";
  await isWell();
});
