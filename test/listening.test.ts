import { once } from "node:events";
import { connect } from "node:net";
import { connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import type { Person } from "@gatehouse/testing/house";
import { type Listened, startLegacyListened, startModernListened } from "@gatehouse/testing/listened";
import { startReplicas } from "@gatehouse/testing/replicas";
import {
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { expect, inject, test, vi } from "vitest";

// One upstream subscription for as many members as see the same thing, whichever of two gateways they are at.

const URI = "test://watched";
/** Tells who listens by now. */
const CALL = "test://call";
const WAIT = { timeout: 20_000, interval: 10 };

/** A member's client that listens to the list of tools and to one resource, and what it has heard. */
interface Listening extends AsyncDisposable {
  heard: string[];
}

async function listenAsLegacy(url: string, member: Person): Promise<Listening> {
  const connected = await connectV1(url, member);
  const heard: string[] = [];
  connected.client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard.push("tools"));
  connected.client.setNotificationHandler(
    ResourceUpdatedNotificationSchema,
    ({ params }) => void heard.push(params.uri),
  );
  for (const uri of [URI, CALL]) await connected.client.subscribeResource({ uri });
  return {
    heard,
    async [Symbol.asyncDispose]() {
      for (const uri of [URI, CALL]) await connected.client.unsubscribeResource({ uri });
      await connected[Symbol.asyncDispose]();
    },
  };
}

async function listenAsModern(url: string, member: Person): Promise<Listening> {
  const connected = await connectV2(url, member);
  const heard: string[] = [];
  connected.client.setNotificationHandler("notifications/tools/list_changed", () => void heard.push("tools"));
  connected.client.setNotificationHandler(
    "notifications/resources/updated",
    ({ params }) => void heard.push(params.uri),
  );
  const listening = await connected.client.listen({ toolsListChanged: true, resourceSubscriptions: [URI, CALL] });
  return {
    heard,
    async [Symbol.asyncDispose]() {
      await listening.close();
      await connected[Symbol.asyncDispose]();
    },
  };
}

const KINDS = {
  modern: listenAsModern,
  legacy: listenAsLegacy,
  "http+sse": (url: string, member: Person) => listenAsLegacy(url.replace(/mcp$/, "sse"), member),
};

async function startListened(upstream: Listened, era: "modern" | "legacy") {
  await using stack = new AsyncDisposableStack();
  const house = stack.use(await startReplicas(2));
  const org = await house.addOrg({ slug: "acme" });
  const endpoint = await house.addConnector(org, { slug: "tools", url: upstream.url.href, era });
  const members: Person[] = [];
  for (let nth = 0; nth < 20; nth++) members.push(await house.addMember(org, { email: `${nth}@acme.example` }));
  const clients: Listening[] = [];
  stack.defer(async () => void (await Promise.allSettled(clients.map((client) => client[Symbol.asyncDispose]()))));

  /** Clients of so many more members, which listen by now. */
  async function add(count: number, kind: keyof typeof KINDS): Promise<void> {
    for (let nth = 0; nth < count; nth++) clients.push(await KINDS[kind](endpoint.url, members.pop()!));
    await vi.waitFor(
      () => {
        upstream.update(CALL);
        for (const { heard } of clients) expect(heard).toContain(CALL);
      },
      { ...WAIT, interval: 200 },
    );
  }

  const opened = stack.move();
  return { house, clients, add, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** What each client hears of, from now on until all have heard of it. */
async function hears(clients: Listening[], expected: string[], cause: () => unknown): Promise<void> {
  for (const { heard } of clients) heard.length = 0;
  await cause();
  await vi.waitFor(() => {
    for (const { heard } of clients) expect(heard.filter((what) => what !== CALL).toSorted()).toEqual(expected);
  }, WAIT);
}

test("twenty members of either era have one subscription at a modern server, and it ends with the last", {
  timeout: 120_000,
}, async () => {
  await using upstream = await startModernListened();
  await using house = await startListened(upstream, "modern");
  await house.add(8, "modern");
  await house.add(6, "legacy");
  await house.add(6, "http+sse");
  expect(upstream.streams()).toBe(1);
  expect(upstream.subscribed()).toEqual([URI, CALL]);
  await hears(house.clients, ["tools"], () => upstream.change());
  await hears(house.clients, [URI], () => upstream.update(URI));
  const [last, ...others] = house.clients;
  for (const client of others) await client[Symbol.asyncDispose]();
  await hears([last!], [URI], () => upstream.update(URI));
  expect(upstream.streams()).toBe(1);
  await last![Symbol.asyncDispose]();
  await vi.waitFor(() => expect(upstream.streams()).toBe(0), WAIT);
});

test("members without a session have one subscription at a legacy server; who has one, has it there too", {
  timeout: 120_000,
}, async () => {
  await using upstream = await startLegacyListened();
  await using house = await startListened(upstream, "legacy");
  await house.add(14, "modern");
  expect(upstream.streams()).toBe(1);
  expect(upstream.subscribed()).toEqual([URI, CALL]);
  await hears(house.clients, ["tools"], () => upstream.change());
  await hears(house.clients, [URI], () => upstream.update(URI));
  await house.add(3, "legacy");
  await house.add(3, "http+sse");
  expect(upstream.streams()).toBe(7);
  await hears(house.clients, [URI], () => upstream.update(URI));
  for (const client of house.clients) await client[Symbol.asyncDispose]();
  await vi.waitFor(() => expect([upstream.streams(), upstream.subscribed()]).toEqual([0, []]), WAIT);
});

test.each([
  ["modern", startModernListened],
  ["legacy", startLegacyListened],
] as const)(
  "when the replica that is subscribed to a %s server is lost, others hear once that everything has changed",
  {
    timeout: 120_000,
  },
  async (era, start) => {
    await using upstream = await start();
    await using house = await startListened(upstream, era);
    const { proxy, replicas } = house.house;
    proxy.only = 0;
    await house.add(1, "modern");
    proxy.only = 1;
    await house.add(2, "modern");
    const others = house.clients.slice(1);
    expect(upstream.streams()).toBe(1);
    await hears(others, [URI, "tools"], () => replicas[0]!.kill());
    expect(upstream.streams()).toBe(1);
    expect(upstream.subscribed()).toContain(URI);
    await hears(others, [URI], () => upstream.update(URI));
  },
);

/** Each connects again, and has not heard what was said meanwhile. */
async function dropRedisSubscribers(): Promise<void> {
  const { hostname, port } = new URL(inject("services").redisUrl);
  const redis = connect(Number(port), hostname).resume().end("CLIENT KILL TYPE pubsub\r\nQUIT\r\n");
  await once(redis, "close");
}

test("a replica that Redis has not reached for a while takes everything for changed", {
  timeout: 120_000,
}, async () => {
  await using upstream = await startModernListened();
  await using house = await startListened(upstream, "modern");
  house.house.proxy.only = 0;
  await house.add(1, "modern");
  house.house.proxy.only = 1;
  await house.add(1, "modern");
  await hears(house.clients, [URI, "tools"], dropRedisSubscribers);
});
