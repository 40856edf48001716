import { createServer } from "node:http";
import { openState } from "@gatehouse/state/state";
import { decideOnClient, deleteGrantsOfRefusedClients, upsertClient } from "@gatehouse/store/clients";
import { updateOpenTo } from "@gatehouse/store/connectors";
import { openDatabase, withOrg } from "@gatehouse/store/database";
import { deleteGrant, insertGrant } from "@gatehouse/store/grants";
import { removeMember, updateRole } from "@gatehouse/store/members";
import { resumeOrg, suspendOrg } from "@gatehouse/store/suspensions";
import { createLogger } from "@gatehouse/telemetry/log";
import { expect, inject, test } from "vitest";
import { startGateway } from "../src/gateway.ts";
import { bearer, callTool, initialize, legacyCall, modern, post } from "./client.ts";
import { type GatewayHouse, startSmallHouse } from "./house.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

// What ends access, as two gateways on one database see it; each has streams open at all three of its fronts.

type Small = Awaited<ReturnType<typeof startSmallHouse>>;

const CLIENT_ID = "test";

/** Another gateway on the same database, which knows the first only by what stands there, and by Redis where there is one. */
async function startReplica(house: GatewayHouse, redisUrl: string | undefined) {
  await using stack = new AsyncDisposableStack();
  const state = stack.use(await openState(redisUrl ? { redisUrl } : {}));
  const server = createServer((request, response) => gateway.handle(request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  stack.defer(() => new Promise((closed) => server.close(() => closed())));
  const { publicUrl, egress, access, vault } = house;
  const log = createLogger({ level: "silent" });
  const gateway = stack.use(await startGateway({ publicUrl, egress, state, log, access, vault }));
  stack.defer(() => {
    gateway.closeStreams();
    server.closeAllConnections();
  });
  const opened = stack.move();
  const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return { origin, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Alice's grant is a row, its client one that the org knows, and the connector open to members, not to auditors. */
async function startTwo(upstream: Upstream, redisUrl: string | undefined) {
  await using stack = new AsyncDisposableStack();
  const small = stack.use(await startSmallHouse(upstream, { era: "legacy" }));
  const { house, org, alice, endpoint } = small;
  const client = { clientId: CLIENT_ID, clientName: "A client", clientHost: null };
  const terms = { clientDigest: "", redirectHost: "", writes: [] };
  await withOrg(house.owner, org.id, async (scope) => {
    const scopes = ["mcp:read", "mcp:write"];
    const grant = { id: `grant of ${alice.email}`, userId: alice.id, connectorId: endpoint.id, scopes, terms };
    await insertGrant(scope, { ...grant, ...client, expiresAt: new Date(Date.now() + 3_600_000) });
    await updateOpenTo(scope, endpoint.id, { roles: ["member"], teams: [] });
    await upsertClient(scope, CLIENT_ID, { identity: "it", registration: "dynamic", name: "A client", host: null });
  });
  const replicas = [stack.use(await startReplica(house, redisUrl)), stack.use(await startReplica(house, redisUrl))];
  const urls = replicas.map(({ origin }) => `${origin}/acme/tools/mcp`);
  const opened = stack.move();
  return { ...small, urls, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Settles when the stream has ended. */
async function untilClosed(response: Response): Promise<void> {
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  await response.text().catch(() => {});
}

/** At each of the fronts: a legacy session's stream, subscriptions/listen, and HTTP+SSE. */
async function openStreams(url: string, token: string): Promise<Promise<void>[]> {
  const accept = { accept: "text/event-stream" };
  const session = await initialize(url, token);
  const { message, headers } = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const responses = await Promise.all([
    fetch(url, { headers: { ...session, ...accept } }),
    fetch(url, { method: "POST", headers: { ...json, ...headers, ...bearer(token) }, body: JSON.stringify(message) }),
    fetch(url.replace(/mcp$/, "sse"), { headers: { ...bearer(token), ...accept } }),
  ]);
  return responses.map(untilClosed);
}

const ENDS: Record<string, (small: Small) => Promise<unknown>> = {
  "a member is removed": ({ house, org, alice }) =>
    withOrg(house.owner, org.id, (scope) => removeMember(scope, alice.id)),
  "a role is lowered": ({ house, org, alice }) =>
    withOrg(house.owner, org.id, (scope) => updateRole(scope, { userId: alice.id, role: "auditor" })),
  "a connector is closed to its member": ({ house, org, endpoint }) =>
    withOrg(house.owner, org.id, (scope) => updateOpenTo(scope, endpoint.id, { roles: ["owner"], teams: [] })),
  "a grant is ended by its member": async ({ house, org, alice }) => {
    await using dashboard = openDatabase(house.access, "gatehouse_dashboard");
    return await withOrg(dashboard, org.id, (scope) =>
      deleteGrant(scope, `grant of ${alice.email}`, { userId: alice.id }),
    );
  },
  "a client is blocked": async ({ house, org, alice }) => {
    await using dashboard = openDatabase(house.access, "gatehouse_dashboard");
    return await withOrg(dashboard, org.id, async (scope) => {
      await decideOnClient(scope, "it", { decision: "blocked", userId: alice.id });
      await deleteGrantsOfRefusedClients(scope);
    });
  },
  "an org is suspended": async ({ house, org }) => {
    await using auth = openDatabase(house.access, "gatehouse_auth");
    return await withOrg(auth, org.id, suspendOrg);
  },
};

const CASES = Object.keys(ENDS).flatMap((what) => [
  { what, state: "without Redis" },
  { what, state: "with Redis" },
]);

test.each(CASES)(
  "$what: within a second, $state, both replicas refuse and all open streams are closed",
  async ({ what, state }) => {
    await using upstream = await startUpstream();
    upstream.on("GET", (_received, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": open\n\n");
    });
    await using two = await startTwo(upstream, state === "with Redis" ? inject("services").redisUrl : undefined);
    const streams = (await Promise.all(two.urls.map((url) => openStreams(url, two.token)))).flat();
    expect(streams).toHaveLength(6);

    await ENDS[what]!(two);
    const endedAt = performance.now();
    await Promise.all(streams);
    const statusAt = async (url: string) => (await post(url, callTool("look"), bearer(two.token))).status;
    expect(await Promise.all(two.urls.map(statusAt))).toEqual([401, 401]);
    expect(performance.now() - endedAt).toBeLessThan(1000);
  },
);

test("an org that is resumed is as it was: the same tokens open the same endpoints", async () => {
  await using upstream = await startUpstream();
  await using two = await startTwo(upstream, undefined);
  const [url] = two.urls;
  const statusOf = async () => (await post(url!, callTool("look"), bearer(two.token))).status;
  expect(await statusOf()).toBe(200);
  await withOrg(two.house.owner, two.org.id, suspendOrg);
  await expect.poll(statusOf, { interval: 20 }).toBe(401);
  await withOrg(two.house.owner, two.org.id, resumeOrg);
  await expect.poll(statusOf, { interval: 20 }).toBe(200);
});

test("someone who was removed and comes back has to connect anew", async () => {
  await using upstream = await startUpstream();
  await using two = await startTwo(upstream, undefined);
  const [url] = two.urls;
  const session = await initialize(url!, two.token);
  await withOrg(two.house.owner, two.org.id, (scope) => removeMember(scope, two.alice.id));
  await withOrg(two.house.owner, two.org.id, (scope) =>
    scope.db.insertInto("memberships").values({ org_id: two.org.id, user_id: two.alice.id, role: "member" }).execute(),
  );
  await expect.poll(async () => (await post(url!, legacyCall("look"), session)).status, { interval: 20 }).toBe(401);
});
