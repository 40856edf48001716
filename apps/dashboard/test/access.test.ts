import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { type Endpoint, type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Send, signIn } from "./signed-in.ts";

const DAY_MS = 24 * 60 * 60_000;

let house: TestHouse;
let upstream: Awaited<ReturnType<typeof startModernFixture>>;
let acme: Awaited<ReturnType<TestHouse["addOrg"]>>;
let owner: Person;
let member: Person;
let other: Person;
let tools: Endpoint;
let more: Endpoint;
let asOwner: Send;
let asMember: Send;
let asOther: Send;

const inputSchema = { type: "object" };

beforeAll(async () => {
  [house, upstream] = await Promise.all([startHouse(), startModernFixture()]);
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  owner = await house.addMember(acme, { email: "olive@acme.example", role: "owner" });
  member = await house.addMember(acme, { email: "max@acme.example" });
  other = await house.addMember(acme, { email: "mia@acme.example" });
  const catalogue = [
    { name: "test_simple_text", inputSchema, classification: "read" as const },
    { name: "test_error_handling", inputSchema },
  ];
  tools = await house.addConnector(acme, { slug: "tools", url: upstream.url.href, tools: catalogue });
  more = await house.addConnector(acme, { slug: "more", url: upstream.url.href, tools: catalogue });
  [asOwner, asMember, asOther] = [await signIn(house, owner), await signIn(house, member), await signIn(house, other)];
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

const FIELDS = { name: "CI", expiresInDays: 90, scopes: ["mcp:read", "mcp:write"], connectors: null };

async function mint(
  send: Send,
  fields: object = {},
  path = "/api/orgs/acme/tokens",
): Promise<{ id: string; token: string }> {
  const answer = await send("POST", path, { ...FIELDS, ...fields });
  expect(answer.status, answer.text).toBe(201);
  return answer.json;
}

async function connect(endpoint: Endpoint, token: string) {
  const client = new Client({ name: "ci", version: "1.0.0" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint.url), { requestInit }));
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

/** A call by hand: its status, and what it was told. */
async function listTools(endpoint: Endpoint, token: string) {
  const answer = await fetch(endpoint.url, {
    method: "POST",
    headers: {
      ...{ authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...{
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/list",
      },
    },
    body: JSON.stringify({
      ...{ jsonrpc: "2.0", id: 1, method: "tools/list" },
      params: {
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": {},
          "io.modelcontextprotocol/clientInfo": { name: "curl", version: "1" },
        },
      },
    }),
  });
  return { status: answer.status, challenge: answer.headers.get("www-authenticate"), text: await answer.text() };
}

/** The gateway reads of a new token a moment after it was minted. */
const opens = (endpoint: Endpoint, token: string) =>
  vi.waitFor(async () => expect((await listTools(endpoint, token)).status).toBe(200), { timeout: 3000, interval: 50 });

/** How long the gateway still served it. */
async function untilRefused(endpoint: Endpoint, token: string): Promise<number> {
  const from = performance.now();
  await vi.waitFor(async () => expect((await listTools(endpoint, token)).status).toBe(401), {
    timeout: 3000,
    interval: 25,
  });
  return performance.now() - from;
}

const audited = async (event: string) => {
  const rows = await withOrg(house.ownerDb, acme.id, (scope) => listAudit(scope, { limit: 100, event }));
  return rows.map(({ event, userId, entry, outcome }) => ({ event, user_id: userId, entry, outcome }));
};

test("a client that does no OAuth calls with a personal token, as its member, and the audit log names both", async () => {
  const { id, token } = await mint(asMember);
  expect(token).toMatch(/^gate_pat_[\w-]{76}$/);
  await opens(tools, token);
  await using connected = await connect(tools, token);
  const result = await connected.client.callTool({ name: "test_simple_text", arguments: {} });
  expect(result.content).toMatchObject([{ type: "text" }]);

  const [call] = await audited("call");
  expect(call).toMatchObject({ user_id: member.id, entry: { tool: "test_simple_text", token: id, token_name: "CI" } });
  expect(call!.entry).not.toHaveProperty("client");
  const [minted] = await audited("static_token.minted");
  expect(minted).toMatchObject({
    user_id: member.id,
    entry: { token: id, name: "CI", member: member.id, connectors: "all" },
  });
});

test("the command that the documentation gives for CI is a whole call", async () => {
  const { token } = await mint(asMember);
  await opens(tools, token);
  const text = await readFile(join(import.meta.dirname, "../../../docs/connecting.md"), "utf8");
  const [, command] = /```sh\n(curl [^`]*GATEHOUSE_TOKEN[^`]*)```/.exec(text)!;
  const env = { PATH: process.env.PATH!, ADDRESS: tools.url, GATEHOUSE_TOKEN: token, TOOL: "test_simple_text" };
  const { stdout } = await promisify(execFile)("sh", ["-c", command!], { env });
  expect(stdout).toContain("This is a simple text response");
});

test("when it was last used is shown a moment later", async () => {
  const { id, token } = await mint(asMember, { name: "Seen" });
  await opens(tools, token);
  const shown = await vi.waitFor(async () => {
    const { json } = await asMember("GET", "/api/orgs/acme/access");
    const found = json.tokens.find((one: { id: string }) => one.id === id);
    expect(found.lastUsedAt).not.toBeNull();
    return found;
  }, 4000);
  expect(Date.now() - Date.parse(shown.lastUsedAt)).toBeLessThan(10_000);
  expect(shown).toMatchObject({ name: "Seen", scopes: ["mcp:read", "mcp:write"], connectors: null });
  expect(Date.parse(shown.expiresAt) - Date.parse(shown.createdAt)).toBeCloseTo(90 * DAY_MS, -4);
});

test("the token is shown once: what is stored is not it, and no log has it", async () => {
  const { token } = await mint(asMember, { name: "Secret" });
  await opens(tools, token);
  const secret = token.slice(-60);
  const { rows } = await sql<{ text: string }>`
    select row_to_json(t)::text as text from static_tokens t
    union all select row_to_json(a)::text from audit a union all select row_to_json(l)::text from audit_log l`.execute(
    house.ownerDb,
  );
  expect(rows.map(({ text }) => text).join("\n")).not.toContain(secret);
  expect(house.log.join("\n")).not.toContain(secret);
  expect(JSON.stringify((await asMember("GET", "/api/orgs/acme/access")).json)).not.toContain(secret);
});

test("it opens the connectors that were chosen, another org's never, and never the dashboard", async () => {
  const { token } = await mint(asMember, { connectors: ["tools"] });
  await opens(tools, token);
  const refused = await listTools(more, token);
  expect(refused.status).toBe(401);
  expect(refused.challenge).toContain('error="invalid_token"');
  const beta = await house.addOrg({ slug: "beta" });
  await house.addMember(beta, { email: "b@beta.example" });
  const foreign = await house.addConnector(beta, { slug: "tools", url: upstream.url.href });
  expect((await listTools(foreign, token)).status).toBe(401);
  const api = await fetch(`${house.url}/api/session`, { headers: { authorization: `Bearer ${token}` } });
  expect(api.status).toBe(401);
});

test("a session belongs to the token that opened it, and to no other of the same member", async () => {
  const [first, second] = [await mint(asMember, { name: "First" }), await mint(asMember, { name: "Second" })];
  await Promise.all([opens(tools, first.token), opens(tools, second.token)]);
  const transport = new OldTransport(new URL(tools.url), {
    requestInit: { headers: { authorization: `Bearer ${first.token}` } },
  });
  const client = new OldClient({ name: "old", version: "1.0.0" });
  await client.connect(transport as OldTransport & { sessionId: string });
  expect((await client.listTools()).tools).toHaveLength(2);
  const end = (token: string) =>
    fetch(tools.url, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}`, "mcp-session-id": transport.sessionId! },
    });
  expect((await end(second.token)).status).toBe(404);
  expect((await end(first.token)).status).toBe(200);
  await client.close();
});

test("a token for reading does not write", async () => {
  const { token } = await mint(asMember, { scopes: ["mcp:read"] });
  await opens(tools, token);
  await using connected = await connect(tools, token);
  await expect(connected.client.callTool({ name: "test_error_handling", arguments: {} })).rejects.toThrow(/mcp:write/);
});

test("what we did not mint is refused without asking the database; a typo is called one", async () => {
  const { token } = await mint(asMember);
  await opens(tools, token);
  const typo = token.slice(0, -1) + (token.endsWith("A") ? "B" : "A");
  const kinds = [typo, token.slice(0, -4), token.replace("_pat_", "_svc_"), `gate_pat_${"x".repeat(76)}`, "gate_pat_x"];
  await house.ownerDb.transaction().execute(async (transaction) => {
    await sql`lock table orgs, memberships, connectors, static_tokens in access exclusive mode`.execute(transaction);
    for (const made of kinds) {
      const refused = await listTools(tools, made);
      expect(refused.status, made).toBe(401);
      expect(refused.challenge).toContain("mistyped");
      expect(refused.text).not.toContain(made);
    }
  });
});

test("ending a token counts within a second, and another member cannot", async () => {
  const { id, token } = await mint(asMember);
  await opens(tools, token);
  expect((await asOther("DELETE", `/api/orgs/acme/tokens/${id}`)).status).toBe(404);
  expect((await asMember("DELETE", `/api/orgs/acme/tokens/${id}`)).status).toBe(204);
  expect(await untilRefused(tools, token)).toBeLessThan(1000);
  expect((await asMember("DELETE", `/api/orgs/acme/tokens/${id}`)).status).toBe(404);
  expect((await audited("static_token.ended"))[0]).toMatchObject({
    user_id: member.id,
    entry: { token: id, name: "CI" },
  });
});

test("expiry is looked at for every call", async () => {
  const { id, token } = await mint(asMember);
  await opens(tools, token);
  await house.ownerDb
    .updateTable("static_tokens")
    .set({ expires_at: new Date(Date.now() + 400) })
    .where("id", "=", id)
    .execute();
  // A change of something else makes the gateway read the row again.
  await mint(asMember, { name: "Another" });
  expect(await untilRefused(tools, token)).toBeLessThan(2000);
  const { json } = await asMember("GET", "/api/orgs/acme/access");
  expect(json.tokens.map((one: { id: string }) => one.id)).toContain(id);
});

test("an owner sees what each member has, and ends it; a member does neither for others", async () => {
  const { id, token } = await mint(asMember, { name: "Laptop" });
  await opens(tools, token);
  expect((await asOther("GET", `/api/orgs/acme/access/members/${member.id}`)).status).toBe(403);
  expect((await asOther("GET", "/api/orgs/acme/access/members")).status).toBe(403);
  const { json } = await asOwner("GET", "/api/orgs/acme/access/members");
  expect(json.members.find((one: { id: string }) => one.id === member.id).tokens).toBeGreaterThan(0);
  const seen = await asOwner("GET", `/api/orgs/acme/access/members/${member.id}`);
  expect(seen.json.member.email).toBe("max@acme.example");
  expect(seen.json.tokens).toContainEqual(expect.objectContaining({ id, name: "Laptop" }));
  expect((await asOwner("DELETE", `/api/orgs/acme/tokens/${id}`)).status).toBe(204);
  expect(await untilRefused(tools, token)).toBeLessThan(1000);
  expect((await asOwner("GET", "/api/orgs/acme/access/members/nobody")).status).toBe(404);
});

test("what is wrong with a new token is told field by field", async () => {
  const wrong = { name: " ", expiresInDays: 366, scopes: [], connectors: [] };
  const refused = await asMember("POST", "/api/orgs/acme/tokens", wrong);
  expect(refused.status).toBe(422);
  expect(Object.keys(refused.json.fields).sort()).toEqual(["connectors", "expiresInDays", "name", "scopes"]);
  for (const fields of [
    { expiresInDays: 0 },
    { expiresInDays: undefined },
    { expiresInDays: 1.5 },
    { scopes: ["admin"] },
    { name: "a\u0000b" },
    { name: "\u202eevil" },
    { name: "x".repeat(81) },
    { connectors: ["tools", "not-there"] },
    { connectors: "tools" },
  ]) {
    const { status } = await asMember("POST", "/api/orgs/acme/tokens", { ...FIELDS, ...fields });
    expect(status, JSON.stringify(fields)).toBe(422);
  }
});

test("one member has fifty tokens at most, also where several are made at once", async () => {
  const busy = await house.addMember(acme, { email: "busy@acme.example" });
  const asBusy = await signIn(house, busy);
  for (let count = 0; count < 49; count++) await mint(asBusy, { name: `Token ${count}` });
  const atOnce = Array.from({ length: 6 }, () => asBusy("POST", "/api/orgs/acme/tokens", FIELDS));
  const answers = (await Promise.all(atOnce)).sort((one, other) => one.status - other.status);
  expect(answers.map(({ status }) => status)).toEqual([201, 409, 409, 409, 409, 409]);
  expect(answers.at(-1)!.json.detail).toContain("end one");
});

test("a member who is removed has nothing left, and gets nothing back by joining again", async () => {
  const leaver = await house.addMember(acme, { email: "lea@acme.example" });
  const { token } = await mint(await signIn(house, leaver));
  const { accessToken } = await tokenFor(leaver, tools.url);
  await Promise.all([opens(tools, token), opens(tools, accessToken)]);
  await house.ownerDb.deleteFrom("memberships").where("user_id", "=", leaver.id).execute();
  expect(await untilRefused(tools, token)).toBeLessThan(1000);
  expect(await untilRefused(tools, accessToken)).toBeLessThan(1000);
  await house.ownerDb
    .insertInto("memberships")
    .values({ org_id: acme.id, user_id: leaver.id, role: "member" })
    .execute();
  const fresh = await mint(await signIn(house, leaver));
  await opens(tools, fresh.token);
  expect((await listTools(tools, token)).status).toBe(401);
  expect((await listTools(tools, accessToken)).status).toBe(401);
});

test("a member sees which clients they let in, since when and last used, and ends one: its refresh token is dead too", async () => {
  const { accessToken, refreshToken, clientId } = await tokenFor(member, tools.url);
  await opens(tools, accessToken);
  const [grant] = await vi.waitFor(async () => {
    const { json } = await asMember("GET", "/api/orgs/acme/access");
    expect(json.grants[0].lastUsedAt).not.toBeNull();
    return json.grants;
  }, 4000);
  expect(grant).toMatchObject({
    ...{ client: { name: "Test client", host: null }, connector: "tools", scopes: ["mcp:read", "mcp:write"] },
  });
  expect((await asOther("DELETE", `/api/orgs/acme/access/grants/${grant.id}`)).status).toBe(404);
  expect((await asMember("DELETE", `/api/orgs/acme/access/grants/${grant.id}`)).status).toBe(204);
  expect(await untilRefused(tools, accessToken)).toBeLessThan(1000);
  const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId });
  const refreshed = await fetch(`${house.url}/oauth/token`, { method: "POST", body });
  expect(refreshed.status).toBe(400);
  expect(await refreshed.json()).toMatchObject({ error: "invalid_grant" });
  const [revoked] = await audited("grant.revoked");
  expect(revoked).toMatchObject({ user_id: member.id, entry: { grant: grant.id, reason: "revoked_by_member" } });
});

test("a service account acts as itself, is suspended and resumed, and is gone when it is deleted", async () => {
  const created = await asOwner("POST", "/api/orgs/acme/service-accounts", { name: "Deploy" });
  expect(created.status).toBe(201);
  const account = `/api/orgs/acme/service-accounts/${created.json.id}`;
  const { token } = await mint(asOwner, { name: "Pipeline" }, `${account}/tokens`);
  expect(token).toMatch(/^gate_svc_/);
  await opens(tools, token);
  await using connected = await connect(tools, token);
  await connected.client.callTool({ name: "test_simple_text", arguments: {} });
  expect((await audited("call"))[0]).toMatchObject({ user_id: created.json.id, entry: { token_name: "Pipeline" } });
  const { json } = await asOwner("GET", "/api/orgs/acme/audit?event=call");
  expect(json.entries[0].user).toBe("Deploy");

  expect((await asOwner("PATCH", account, { suspended: true })).status).toBe(204);
  expect(await untilRefused(tools, token)).toBeLessThan(1000);
  expect((await asOwner("PATCH", account, { suspended: false })).status).toBe(204);
  await opens(tools, token);
  expect((await asOwner("DELETE", account)).status).toBe(204);
  expect(await untilRefused(tools, token)).toBeLessThan(1000);
  expect((await asOwner("POST", `${account}/tokens`, FIELDS)).status).toBe(404);
  expect((await asOwner("GET", "/api/orgs/acme/service-accounts")).json.accounts).toEqual([]);
  const rows = await withOrg(house.ownerDb, acme.id, (scope) => listAudit(scope, { limit: 1000 }));
  const events = rows.map(({ event }) => event).filter((event) => event.startsWith("service_account."));
  expect(events.reverse().map((event) => event.split(".")[1])).toEqual(["created", "suspended", "resumed", "deleted"]);
  expect(
    (await asOwner("GET", "/api/orgs/acme/audit?event=call")).json.entries.map(({ user }: { user: string }) => user),
  ).toContain("Deploy");
});

test("a service account is told of a connector that members open with their own accounts, and sent nowhere", async () => {
  const own = { slug: "own", url: upstream.url.href, tools: [{ name: "test_simple_text", inputSchema }] };
  const linked = await house.addConnector(acme, { ...own, access: [{ kind: "member-oauth" }] });
  const account = await asOwner("POST", "/api/orgs/acme/service-accounts", { name: "Robot" });
  const { token } = await mint(asOwner, {}, `/api/orgs/acme/service-accounts/${account.json.id}/tokens`);
  const told = await vi.waitFor(async () => {
    const { text } = await listTools(linked, token);
    expect(text).toContain("a service account has none");
    return text;
  }, 3000);
  expect(told).not.toContain("/connect/");
});

test("only owners and admins have to do with service accounts", async () => {
  const account = await asOwner("POST", "/api/orgs/acme/service-accounts", { name: "Reports" });
  const path = `/api/orgs/acme/service-accounts/${account.json.id}`;
  expect((await asMember("GET", "/api/orgs/acme/service-accounts")).status).toBe(403);
  expect((await asMember("POST", "/api/orgs/acme/service-accounts", { name: "Mine" })).status).toBe(403);
  expect((await asMember("POST", `${path}/tokens`, FIELDS)).status).toBe(403);
  expect((await asMember("DELETE", path)).status).toBe(403);
  const twice = await asOwner("POST", "/api/orgs/acme/service-accounts", { name: "reports" });
  expect(twice.status).toBe(409);
  expect(twice.json.fields.name).toContain("already");
});
