import { setTimeout as after } from "node:timers/promises";
import { type Replica, startReplicas } from "@gatehouse/testing/replicas";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, post } from "../apps/gateway/test/client.ts";
import { result, sendJson, startUpstream } from "../apps/gateway/test/upstream.ts";

// Two gateways that are replaced one after the other while calls run: what a deployment does.

async function startPair() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream());
  const house = stack.use(await startReplicas(2, { drainMs: 600 }));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = [
    { name: "look", inputSchema: { type: "object" }, classification: "read" as const },
    { name: "change", inputSchema: { type: "object" }, classification: "write" as const },
  ];
  const endpoint = await house.addConnector(org, { slug: "tools", url: upstream.url, tools });
  const legacyEndpoint = await house.addConnector(org, { slug: "old", url: upstream.url, era: "legacy", tools });
  const { accessToken: token } = await tokenFor(alice, endpoint.url);
  const { accessToken: legacyToken } = await tokenFor(alice, legacyEndpoint.url);
  const places = [
    { url: endpoint.url, token },
    { url: legacyEndpoint.url, token: legacyToken },
  ] as const;
  const opened = stack.move();
  return { upstream, house, endpoint, token, places, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const isReady = ({ port }: Replica) =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );

/** Processes take their time to start where everything else runs as well. */
const PATIENCE_MS = 90_000;

/** As a balancer does: it sends to the new one when that is ready, and to the old one no more when that is not. */
async function replace({ house }: Awaited<ReturnType<typeof startPair>>, old: Replica): Promise<number | null> {
  const fresh = await house.addReplica();
  house.proxy.gatewayPorts.push(fresh.port);
  const stopped = old.stop();
  while (await isReady(old)) await after(20);
  house.proxy.gatewayPorts = house.proxy.gatewayPorts.filter((port) => port !== old.port);
  return stopped;
}

test(
  "two replicas are replaced under load, and no call fails",
  async () => {
    await using pair = await startPair();
    pair.upstream.on("tools/call", async (received, response) => {
      await after(Math.random() * 100);
      sendJson(response, result(received, { content: [] }));
    });
    const failures: string[] = [];
    let calls = 0;
    let over = false;
    async function caller(tool: string, { url, token } = pair.places[0]): Promise<void> {
      while (!over) {
        const { status, text } = await post(url, callTool(tool), bearer(token)).catch((error) => ({
          ...{ status: 0, text: String(error.cause ?? error) },
        }));
        calls++;
        if (status !== 200 || text.includes('"error"')) failures.push(`${status} ${text}`);
      }
    }
    const load = ["look", "look", "look", "change"].map((tool) => caller(tool));
    // A session at a legacy upstream is one replica's, and the other passes on to it.
    load.push(...["look", "look"].map((tool) => caller(tool, pair.places[1])));
    for (const old of [...pair.house.replicas]) expect(await replace(pair, old)).toBe(0);
    over = true;
    await Promise.all(load);
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(20);
  },
  PATIENCE_MS,
);

test(
  "a call under way ends, a stream ends cleanly, and a call that waits for a person ends as interrupted",
  async () => {
    await using pair = await startPair();
    const { house, endpoint, token, upstream } = pair;
    house.proxy.only = 0;
    const asked = { method: "elicitation/create", params: { message: "Who?", requestedSchema: { type: "object" } } };
    const reached = Promise.withResolvers<void>();
    const answering = Promise.withResolvers<void>();
    upstream.on("tools/call", async (received, response) => {
      if (received.body.params.name === "change") {
        const asking = { resultType: "input_required", inputRequests: { who: asked }, requestState: "s" };
        return sendJson(response, result(received, asking));
      }
      reached.resolve();
      await answering.promise;
      sendJson(response, result(received, { content: [] }));
    });
    const session = await initialize(endpoint.url, token, "2025-11-25", { elicitation: {} });
    const stream = await fetch(endpoint.url, { headers: { ...session, accept: "text/event-stream" } });
    const waiting = post(endpoint.url, legacyCall("change"), session);
    const running = post(endpoint.url, callTool("look"), bearer(token));
    await reached.promise;
    const stopped = house.replicas[0]!.stop();
    expect(await stream.text(), "it ends as a stream does, and does not break off").toBeTypeOf("string");
    expect((await waiting).text).toMatch(/interrupted.*outcome is unknown/);
    answering.resolve();
    expect((await running).messages[0]).toMatchObject({ result: {} });
    expect(await stopped).toBe(0);
  },
  PATIENCE_MS,
);
