import { createHmac, generateKeyPairSync } from "node:crypto";
import { withOrg } from "@gatehouse/store/database";
import { insertRevocation } from "@gatehouse/store/revocations";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, modern, post } from "./client.ts";
import { startGatewayHouse, startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream } from "./upstream.ts";

const METADATA =
  /^Bearer .*resource_metadata="http:\/\/localhost:\d+\/\.well-known\/oauth-protected-resource\/acme\/tools\/mcp"/;

test("without a token, a 401 leads to metadata whose resource is the URL as it was typed", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  for (const typed of [small.endpoint.url, `${small.endpoint.url}/`]) {
    const answer = await post(typed, modern("tools/list"));
    expect(answer.status).toBe(401);
    const challenge = answer.headers.get("www-authenticate")!;
    const metadata = await (await fetch(/resource_metadata="([^"]+)"/.exec(challenge)![1]!)).json();
    expect(metadata).toEqual({
      resource: typed,
      authorization_servers: [small.house.publicUrl.origin],
      scopes_supported: ["mcp:read", "mcp:write"],
      bearer_methods_supported: ["header"],
      resource_name: "Gatehouse",
    });
  }
});

test("to a stranger, an org that exists looks as one that doesn't, and reaches no table", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const { house } = small;
  const nowhere = small.endpoint.url.replace("/acme/", "/evil/");
  const headersOf = ({ headers }: { headers: Headers }) => [...headers].filter(([name]) => name !== "date");
  const sameFor = async (ask: (url: string) => Promise<{ status: number; headers: Headers; text: string }>) => {
    const [real, unreal] = [await ask(small.endpoint.url), await ask(nowhere)];
    expect(unreal.status).toBe(real.status);
    expect(unreal.text.replaceAll("/evil/", "/acme/")).toBe(real.text);
    expect(JSON.stringify(headersOf(unreal)).replaceAll("/evil/", "/acme/")).toBe(JSON.stringify(headersOf(real)));
  };
  // A lock that every read of orgs, members, connectors and keys waits for: whoever needs a table would not come back.
  await house.owner.transaction().execute(async (transaction) => {
    await sql`lock table orgs, memberships, connectors, tools, revocations in access exclusive mode`.execute(
      transaction,
    );
    await sameFor((url) => post(url, modern("tools/list")));
    await sameFor((url) => post(url, modern("tools/list"), { authorization: "Bearer nonsense" }));
    await sameFor((url) => post(url, modern("tools/list"), { authorization: "Basic abc" }));
    await sameFor(async (url) => {
      const { origin, pathname } = new URL(url);
      const response = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
      return { status: response.status, headers: response.headers, text: await response.text() };
    });
  });
});

test("a token that is not ours, not for here, or not valid any more is a 401 with the way to a good one", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const { house, alice, endpoint } = small;
  const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const foreignKey = await crypto.subtle.importKey(
    "pkcs8",
    foreign.export({ type: "pkcs8", format: "der" }),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const bad = {
    "signed by another": await house.tokenFor(alice, endpoint, { key: foreignKey }),
    "an unknown kid": await house.tokenFor(alice, endpoint, { header: { kid: "unknown" } }),
    "a jku": await house.tokenFor(alice, endpoint, { key: foreignKey, header: { jku: "http://127.0.0.1/keys" } }),
    "an ID token's typ": await house.tokenFor(alice, endpoint, { header: { typ: "JWT" } }),
    "another issuer": await house.tokenFor(alice, endpoint, { claims: { iss: "https://evil.example" } }),
    expired: await house.tokenFor(alice, endpoint, { claims: { exp: 1 } }),
    "without exp": await house.tokenFor(alice, endpoint, { claims: { exp: undefined } }),
    "for another endpoint": await house.tokenFor(alice, endpoint, {
      claims: { aud: `${house.publicUrl.origin}/acme/other/mcp` },
    }),
    "for several": await house.tokenFor(alice, endpoint, { claims: { aud: [endpoint.url, "https://evil.example"] } }),
    "for another org's id": await house.tokenFor(alice, endpoint, { claims: { org: crypto.randomUUID() } }),
    "for another connector's id": await house.tokenFor(alice, endpoint, { claims: { endpoint: crypto.randomUUID() } }),
    "for no member": await house.tokenFor({ id: crypto.randomUUID(), email: "x" }, endpoint),
    "alg none": unsigned(small.token),
    "HS256 with the public key": symmetric(small.token, JSON.stringify(house.publicJwk)),
    "with its last letter gone": small.token.slice(0, -1),
    "of two dots": "..",
    "of nothing but a space": " ",
  };
  for (const [what, token] of Object.entries(bad)) {
    const answer = await post(endpoint.url, callTool("look"), bearer(token));
    expect(answer.status, what).toBe(401);
    expect(answer.headers.get("www-authenticate"), what).toMatch(METADATA);
  }
  const inQuery = await post(`${endpoint.url}?access_token=${small.token}`, callTool("look"));
  expect(inQuery.status).toBe(401);
  expect(upstream.received).toEqual([]);
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const unsigned = (token: string) => `${part({ alg: "none", typ: "at+jwt" })}.${token.split(".")[1]}.`;
function symmetric(token: string, key: string): string {
  const signed = `${part({ alg: "HS256", typ: "at+jwt", kid: "test" })}.${token.split(".")[1]}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

async function startTwoOrgs() {
  const upstream = await startUpstream();
  const house = await startGatewayHouse();
  const people = [];
  for (const slug of ["acme", "beta"]) {
    const org = await house.addOrg(slug);
    const endpoint = await house.addConnector(org, "tools", upstream);
    for (const name of ["alice", "bob"]) {
      const member = await house.addMember(org, `${name}@${slug}.example`);
      people.push({ endpoint, member, token: await house.tokenFor(member, endpoint) });
    }
  }
  return {
    ...{ upstream, house, people },
    async [Symbol.asyncDispose]() {
      await house[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

test("nobody's token opens anything but its own endpoint", async () => {
  await using two = await startTwoOrgs();
  for (const { token, endpoint } of two.people) {
    for (const other of new Set(two.people.map((person) => person.endpoint))) {
      const answer = await post(other.url, callTool("look"), bearer(token));
      expect(answer.status).toBe(other === endpoint ? 200 : 401);
    }
  }
});

test("200 exchanges at once with equal ids, over two orgs: no answer reaches the wrong one", async () => {
  await using two = await startTwoOrgs();
  two.upstream.on("tools/call", async (received, response) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
    const own = result(received, { resultType: "complete", echo: received.body.params.arguments });
    if (Math.random() < 0.5) return sendJson(response, own);
    sendEvent(response, { jsonrpc: "2.0", method: "notifications/progress", params: received.body.params.arguments });
    sendEvent(response, own);
    response.end();
  });
  const calls = Array.from({ length: 200 }, async (_, index) => {
    const { endpoint, token, member } = two.people[index % 4]!;
    const mine = { index, member: member.email };
    const answer = await post(endpoint.url, callTool("look", mine), bearer(token));
    expect(answer.messages.at(-1).result.echo).toEqual(mine);
    for (const notification of answer.messages.slice(0, -1)) expect(notification.params).toEqual(mine);
  });
  await Promise.all(calls);
});

test("a session is its own member's: for another member it has ended, and without a token it is a 401", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const bob = await small.house.addMember(small.org, "bob@acme.example");
  const session = await initialize(small.endpoint.url, small.token);
  const asBob = { ...session, ...bearer(await small.house.tokenFor(bob, small.endpoint)) };
  expect((await post(small.endpoint.url, legacyCall("look"), asBob)).status).toBe(404);
  expect((await fetch(small.endpoint.url, { headers: asBob })).status).toBe(404);
  expect((await fetch(small.endpoint.url, { method: "DELETE", headers: asBob })).status).toBe(404);
  const { authorization: _, ...withoutToken } = session;
  expect((await post(small.endpoint.url, legacyCall("look"), withoutToken)).status).toBe(401);
  expect((await post(small.endpoint.url, legacyCall("look"), session)).status).toBe(200);
});

test.each([
  [
    "a revoked grant",
    ({ house, org, alice }: Awaited<ReturnType<typeof startSmallHouse>>) =>
      withOrg(house.owner, org.id, (scope) =>
        insertRevocation(scope, { grantId: `grant of ${alice.email}`, expiresAt: new Date(Date.now() + 3_600_000) }),
      ),
  ],
  [
    "a removed member",
    ({ house, alice }: Awaited<ReturnType<typeof startSmallHouse>>) =>
      sql`delete from memberships where user_id = ${alice.id}`.execute(house.owner),
  ],
  [
    "an archived connector",
    ({ house, endpoint }: Awaited<ReturnType<typeof startSmallHouse>>) =>
      sql`update connectors set archived_at = now() where id = ${endpoint.id}`.execute(house.owner),
  ],
])("%s is a 401 within a second, and open streams are closed", async (_what, end) => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  const session = await initialize(small.endpoint.url, small.token);
  upstream.on("GET", (_received, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write(": open\n\n");
  });
  const stream = await fetch(small.endpoint.url, { headers: { ...session, accept: "text/event-stream" } });
  expect(stream.status).toBe(200);
  const closed = stream.text().catch(() => "closed");
  await end(small);
  const changedAt = performance.now();
  await closed;
  expect(performance.now() - changedAt).toBeLessThan(1000);
  expect((await post(small.endpoint.url, legacyCall("look"), session)).status).toBe(401);
});
