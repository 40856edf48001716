import { setTimeout as after } from "node:timers/promises";
import { countUsage } from "@gatehouse/gatehouse/usage/count-usage";
import { digestOf, openStaticTokens, STATIC_TOKENS } from "@gatehouse/oauth/static-token";
import { openState } from "@gatehouse/state/state";
import { openDatabase, withOrg } from "@gatehouse/store/database";
import { saveLimit } from "@gatehouse/store/limits";
import { DEFAULT_PLAN, savePlan } from "@gatehouse/store/plans";
import { insertStaticToken } from "@gatehouse/store/static-tokens";
import type { Amounts, Subject } from "@gatehouse/store/tables";
import { chainEverything } from "@gatehouse/testing/chain-everything";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { startGateway } from "../src/gateway.ts";
import { bearer, callTool, initialize, legacyCall, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { type Received, result, sendEvent, sendJson, startUpstream } from "./upstream.ts";

type Small = Awaited<ReturnType<typeof startSmallHouse>>;

function set({ house, org }: Small, subject: Subject, amounts: Amounts, subjectId = ""): Promise<unknown> {
  return withOrg(house.owner, org.id, (scope) => saveLimit(scope, { subject, subjectId, amounts }));
}

const call = ({ endpoint, token }: Small, tool = "look", signal?: AbortSignal) =>
  post(endpoint.url, callTool(tool), bearer(token), signal);

/** Calls until the answer is as wanted, and tells after how long. */
async function until(wanted: number, send: () => Promise<{ status: number }>): Promise<number> {
  const begun = performance.now();
  while ((await send()).status !== wanted) await after(20);
  return performance.now() - begun;
}

test("what an owner sets counts within a second, and never above the plan", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { limits: { member: { callsPerMinute: 500 } } });
  expect((await call(small)).headers.get("ratelimit-policy")).toBe('"member.callsPerMinute";q=500;w=60');
  await set(small, "member", { callsPerMinute: 1 });
  expect(await until(429, () => call(small))).toBeLessThan(1000);
  await set(small, "member", { callsPerMinute: 5000 });
  expect(await until(200, () => call(small))).toBeLessThan(1000);
  expect((await call(small)).headers.get("ratelimit-policy")).toBe('"member.callsPerMinute";q=500;w=60');
  await savePlan(small.house.owner, { name: DEFAULT_PLAN, limits: { member: { callsPerMinute: 1 } } });
  expect(await until(429, () => call(small))).toBeLessThan(1000);
});

test("what passes says what is left, and what does not says whose limit it is, which, and when it ends", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, {
    limits: { org: { callsPerMinute: 100 }, client: { callsPerDay: 2 } },
  });
  const [first, second, third] = [await call(small), await call(small), await call(small)];
  expect(first.headers.get("ratelimit-policy")).toBe(
    '"org.callsPerMinute";q=100;w=60, "client.callsPerDay";q=2;w=86400',
  );
  expect([first, second].map(({ headers }) => headers.get("ratelimit"))).toEqual([
    '"client.callsPerDay";r=1',
    '"client.callsPerDay";r=0',
  ]);
  expect(third.status).toBe(429);
  const seconds = Number(third.headers.get("retry-after"));
  expect(third.headers.get("ratelimit")).toBe(`"client.callsPerDay";r=0;t=${seconds}`);
  const { code, message, data } = third.messages[0].error;
  expect({ code, message }).toEqual({
    code: 429,
    message: `This client is limited to 2 calls a day. Try again in ${seconds} s.`,
  });
  expect(data).toMatchObject({
    limit: "callsPerDay",
    max: 2,
    whose: "client",
    subject: "test",
    retryAfterSeconds: seconds,
  });
  expect(new Date(data.endsAt).toISOString()).toMatch(/T00:00:0/);
});

test("without a limit there is no word of one", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { limits: {} });
  const { status, headers } = await call(small);
  expect([status, headers.get("ratelimit"), headers.get("ratelimit-policy")]).toEqual([200, null, null]);
});

test("a tool's and a connector's limits are for all who call it, and for nothing else", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { limits: {} });
  const bob = await small.house.addMember(small.org, "bob@acme.example");
  const asBob = bearer(await small.house.tokenFor(bob, small.endpoint));
  await set(small, "tool", { callsPerMinute: 1 }, `${small.endpoint.id}/look`);
  await until(429, () => call(small));
  const refused = await post(small.endpoint.url, callTool("look"), asBob);
  expect(refused.messages[0].error.data).toMatchObject({ whose: "tool", subject: `${small.endpoint.id}/look` });
  expect((await post(small.endpoint.url, callTool("change"), asBob)).status).toBe(200);
  await set(small, "connector", { callsPerMinute: 1 });
  expect(await until(429, () => post(small.endpoint.url, modern("tools/list"), asBob))).toBeLessThan(1000);
});

test("who is refused by one limit takes nothing from the others", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, {
    limits: { member: { callsPerMinute: 2 }, org: { callsPerMinute: 4 } },
  });
  const bob = await small.house.addMember(small.org, "bob@acme.example");
  const asBob = bearer(await small.house.tokenFor(bob, small.endpoint));
  for (const status of [200, 200, 429, 429, 429]) expect((await call(small)).status).toBe(status);
  for (const status of [200, 200, 429]) {
    expect((await post(small.endpoint.url, callTool("look"), asBob)).status).toBe(status);
  }
});

test("a quota of a static token holds, and is its own, at a replica that knows of no count", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { limits: { client: { callsPerDay: 2 } } });
  const { house, endpoint } = small;
  const [one, other] = [await addStaticToken(small), await addStaticToken(small)];
  const statusOf = async (token: string) => (await post(endpoint.url, callTool("look"), bearer(token))).status;
  await until(200, () => post(endpoint.url, callTool("look"), bearer(one)));
  expect([await statusOf(one), await statusOf(one)]).toEqual([200, 429]);

  await using db = openDatabase(house.access, "gatehouse_chain", 2);
  await chainEverything(db);
  await countUsage(db);
  await using state = await openState();
  await using replica = await startGateway({ ...house, state });
  house.server.removeAllListeners("request").on("request", replica.handle);
  expect([await statusOf(one), await statusOf(other)]).toEqual([429, 200]);
});

async function addStaticToken({ house, org, alice }: Small): Promise<string> {
  const token = openStaticTokens({ key: house.vault.derive(STATIC_TOKENS) }).mint("pat", org.id);
  const opens = { name: "CI", scopes: ["mcp:read", "mcp:write"], connectorIds: null, createdBy: alice.id };
  const minted = { ...opens, hash: Buffer.from(digestOf(token), "base64"), expiresAt: new Date(Date.now() + 600_000) };
  await withOrg(house.owner, org.id, (scope) => insertStaticToken(scope, { userId: alice.id }, minted));
  return token;
}

test("bytes count both ways, and stop who has used them up", async () => {
  await using upstream = await startUpstream();
  upstream.on("tools/call", (received, response) =>
    sendJson(response, result(received, { content: [{ type: "text", text: "x".repeat(50_000) }] })),
  );
  await using small = await startSmallHouse(upstream, { limits: { member: { bytesPerMonth: 90_000 } } });
  for (const status of [200, 200, 429]) expect((await call(small)).status).toBe(status);
});

const ONE_AT_A_TIME = { limits: { member: { concurrentCalls: 1 } } };

test("one call at a time is one call at a time, however the one before has ended", async () => {
  await using upstream = await startUpstream();
  const waiting: (() => void)[] = [];
  let arrived = () => {};
  upstream.on("tools/call", async (received: Received, response) => {
    arrived();
    await new Promise<void>((go) => waiting.push(go));
    if (received.body.params.name === "change") return void response.destroy();
    sendJson(response, result(received, { content: [] }));
  });
  await using small = await startSmallHouse(upstream, ONE_AT_A_TIME);
  const begin = async (tool: string, signal?: AbortSignal) => {
    const there = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const answer = call(small, tool, signal);
    answer.catch(() => {});
    await there;
    return answer;
  };
  const refused = () => call(small).then(({ status }) => status);

  const ok = begin("look");
  await expect.poll(() => waiting.length).toBe(1);
  expect(await refused()).toBe(429);
  waiting.pop()!();
  expect((await await ok).status).toBe(200);

  const failing = begin("change");
  await expect.poll(() => waiting.length).toBe(1);
  expect(await refused()).toBe(429);
  waiting.pop()!();
  await failing;

  const leaving = new AbortController();
  const left = begin("look", leaving.signal);
  await expect.poll(() => waiting.length).toBe(1);
  expect(await refused()).toBe(429);
  leaving.abort();
  await left.catch(() => {});
  waiting.pop()!();
  arrived = () => waiting.pop()?.();
  upstream.on("tools/call", (received, response) => sendJson(response, result(received, { content: [] })));
  expect(await until(200, () => call(small))).toBeLessThan(1000);
});

test("what is streamed is under way until its end, and what only listens is not", async () => {
  await using upstream = await startUpstream();
  let end = () => {};
  upstream.on("tools/call", (received, response) => {
    sendEvent(response, {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: 1, progress: 1 },
    });
    end = () => {
      sendEvent(response, result(received, { content: [] }));
      response.end();
    };
  });
  upstream.on("subscriptions/listen", (_received, response) => {
    sendEvent(response, { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params: {} });
  });
  await using small = await startSmallHouse(upstream, ONE_AT_A_TIME);
  const listening = new AbortController();
  const listen = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const stream = fetchStream(small, listen, listening.signal);
  await stream;
  const streamed = await fetchStream(small, callTool("look"));
  expect((await call(small)).status).toBe(429);
  end();
  expect(await streamed.text()).toContain("content");
  upstream.on("tools/call", (received, response) => sendJson(response, result(received, { content: [] })));
  expect(await until(200, () => call(small))).toBeLessThan(1000);
  listening.abort();
});

/** Settles when the answer has begun. */
function fetchStream(
  { endpoint, token }: Small,
  { message, headers }: ReturnType<typeof modern>,
  signal?: AbortSignal,
) {
  return fetch(endpoint.url, {
    method: "POST",
    headers: {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...headers,
      ...bearer(token),
    },
    body: JSON.stringify(message),
    ...(signal ? { signal } : {}),
  });
}

test("a client's answer to what it was asked does not wait for the call that asks", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy", ...ONE_AT_A_TIME });
  const session = await initialize(small.endpoint.url, small.token);
  let end = () => {};
  upstream.on("tools/call", (received, response) => {
    sendEvent(response, {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: 1, progress: 1 },
    });
    end = () => response.end(`event: message\ndata: ${JSON.stringify(result(received, { content: [] }))}\n\n`);
  });
  const running = post(small.endpoint.url, legacyCall("look"), session);
  await expect.poll(async () => (await post(small.endpoint.url, legacyCall("look", 2), session)).status).toBe(429);
  const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
  expect((await post(small.endpoint.url, { message: cancelled }, session)).status).toBe(202);
  end();
  expect((await running).status).toBe(200);
});

test("what was over a limit is one row of the audit log a minute for each cause", async () => {
  await using upstream = await startUpstream();
  const house = await startSmallHouse(upstream, { limits: { member: { callsPerMinute: 2 } } });
  for (let sent = 0; sent < 7; sent++) await call(house);
  const { owner } = house.house;
  const closed = house.house.gateway[Symbol.asyncDispose]();
  await closed;
  const { rows } = await sql`select outcome, entry from audit where event = 'limit.refused'`.execute(owner);
  expect(rows).toMatchObject([
    { outcome: "rate_limited", entry: { limit: "callsPerMinute", whose: "member", max: 2, count: 5, client: "test" } },
  ]);
  await house[Symbol.asyncDispose]();
});
