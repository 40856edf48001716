import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as after } from "node:timers/promises";
import { DEFAULT_PLAN, savePlan } from "@gatehouse/store/plans";
import type { Amounts } from "@gatehouse/store/tables";
import { startReplicas } from "@gatehouse/testing/replicas";
import { startRedis } from "@gatehouse/testing/services";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, test } from "vitest";

// Two gateways on one Postgres and one Redis. What counts is what reaches the upstream.

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const CALL = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "look", arguments: {}, _meta: META },
});

async function startUpstream() {
  const arrivals: number[] = [];
  const server = createServer((request, response) => {
    arrivals.push(performance.now());
    request.resume().on("end", () => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { content: [] } }));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return { url, arrivals, [Symbol.asyncDispose]: async () => void server.close(server.closeAllConnections()!) };
}

async function startTwo(amounts: Amounts) {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream());
  const redis = await startRedis(tmpdir());
  let running = redis;
  stack.defer(() => running[Symbol.asyncDispose]());
  const house = stack.use(await startReplicas(2, { redisUrl: redis.url }));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = [{ name: "look", inputSchema: { type: "object" }, classification: "read" as const }];
  const endpoint = await house.addConnector(org, { slug: "tools", url: upstream.url, tools });
  await savePlan(house.ownerDb, { name: DEFAULT_PLAN, limits: { org: amounts } });
  const { accessToken } = await tokenFor(alice, endpoint.url);

  /** Answers the status. */
  async function call(): Promise<number> {
    const { status, body } = await fetch(endpoint.url, {
      method: "POST",
      headers: {
        ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
        ...{ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "look" },
        authorization: `Bearer ${accessToken}`,
      },
      body: CALL,
    });
    await body?.cancel();
    return status;
  }

  /** Six callers, each as fast as it is answered; tells what statuses there were. */
  async function load(until: () => boolean): Promise<Set<number>> {
    const statuses = new Set<number>();
    async function callOn(): Promise<void> {
      while (!until()) {
        const status = await call();
        statuses.add(status);
        if (status !== 200) await after(5);
      }
    }
    await Promise.all(Array.from({ length: 6 }, callOn));
    return statuses;
  }

  const opened = stack.move();
  return {
    ...{ arrivals: upstream.arrivals, load },
    killRedis: () => redis[Symbol.asyncDispose](),
    async restartRedis() {
      running = await startRedis(tmpdir(), redis.port);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const forMs = (ms: number) => {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
};

/** Calls on until 0.95 of the limit has arrived, and then some: no minute has more of it than all. */
async function useUp({ arrivals, load }: Awaited<ReturnType<typeof startTwo>>, callsPerMinute: number): Promise<void> {
  const isOver = forMs(20_000);
  await load(() => arrivals.length >= 0.95 * callsPerMinute || isOver());
  expect(arrivals.length).toBeGreaterThanOrEqual(0.95 * callsPerMinute);
  await load(forMs(1000));
  const inLastMinute = arrivals.filter((at) => at > arrivals.at(-1)! - 60_000);
  expect(inLastMinute.length).toBeLessThanOrEqual(callsPerMinute);
}

test("at two replicas, a limit is used up to 0.95 of it at least, and no further than it goes", {
  timeout: 120_000,
}, async () => {
  await using two = await startTwo({ callsPerMinute: 400 });
  await useUp(two, 400);
});

test("a limit holds while Redis is killed and comes back empty", {
  timeout: 120_000,
}, async () => {
  await using two = await startTwo({ callsPerMinute: 600 });
  const statuses = [await two.load(() => two.arrivals.length >= 150)];
  await two.killRedis();
  statuses.push(await two.load(() => two.arrivals.length >= 300));
  await two.restartRedis();
  statuses.push(await two.load(() => two.arrivals.length >= 400));
  expect(statuses).toEqual([new Set([200]), new Set([200]), new Set([200])]);
  await useUp(two, 600);
});
