import { insertAudit, listAudit } from "@gatehouse/store/audit";
import { findConnectorBySlug } from "@gatehouse/store/connectors";
import { listCredentialsOfConnector } from "@gatehouse/store/credentials";
import { withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import type { Role } from "@gatehouse/store/tables";
import { startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Send, signIn } from "./signed-in.ts";

let house: TestHouse;
let acme: Org;
let other: Org;
const as = {} as Record<Role | "stranger", Send>;

const ECHO = {
  name: "echo",
  title: "Echo",
  description: "Says it again",
  inputSchema: { type: "object" },
  annotations: { readOnlyHint: true },
};

async function signedInAs(role: Role, org: Org): Promise<Send> {
  return signIn(house, await house.addMember(org, { email: `${role}@${org.slug}.example`, role }));
}

beforeAll(async () => {
  house = await startHouse({ egressAllow: ["127.0.0.1"] });
  acme = await house.addOrg({ slug: "acme" });
  other = await house.addOrg({ slug: "other" });
  for (const role of ["owner", "admin", "member", "auditor"] as const) as[role] = await signedInAs(role, acme);
  as.stranger = await signedInAs("owner", other);
  const url = "https://mcp.example.com/key-in-path/mcp";
  await house.addConnector(acme, { slug: "tracker", url, tools: [ECHO] });
  await house.addConnector(other, { slug: "theirs", url, tools: [ECHO] });
});
afterAll(() => house[Symbol.asyncDispose]());

const NEW = { name: "Wiki", slug: "wiki", url: "https://mcp.example.com/mcp" };
const TRACKER = "/api/orgs/acme/connectors/tracker";
const ECHO_TOOL = `${TRACKER}/tools/echo`;

/** What each role gets; 422 is what an owner gets for an empty form, so the role was good enough. */
const ROLES: [string, string, unknown, Record<Role, number>][] = [
  ["GET", "/api/orgs/acme/connectors", undefined, { owner: 200, admin: 200, member: 200, auditor: 200 }],
  ["GET", TRACKER, undefined, { owner: 200, admin: 200, member: 200, auditor: 200 }],
  ["POST", "/api/orgs/acme/connectors", {}, { owner: 422, admin: 422, member: 403, auditor: 403 }],
  ["PATCH", ECHO_TOOL, { offered: true }, { owner: 204, admin: 204, member: 403, auditor: 403 }],
  ["GET", "/api/orgs/acme/audit", undefined, { owner: 200, admin: 200, member: 403, auditor: 200 }],
];

describe.each(ROLES)("%s %s", (method, path, body, statuses) => {
  test.each(Object.entries(statuses) as [Role, number][])("%s: %i", async (role, status) => {
    const answer = await as[role](method, path, body);
    expect(answer.status, answer.text).toBe(status);
  });

  test("another org's owner cannot tell it from what does not exist", async () => {
    const answer = await as.stranger(method, path, body);
    const nowhere = await as.stranger(method, path.replace("/acme/", "/nowhere/"), body);
    expect(answer.status).toBe(404);
    expect(answer.text).toBe(nowhere.text);
  });

  test("nobody who is not signed in", async () => {
    const headers = { cookie: "gatehouse-session=guessed" };
    const answer = await fetch(house.url + path, { method, headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });
});

test("another org's connector, in one's own org, is not there", async () => {
  const theirs = await as.owner("GET", "/api/orgs/acme/connectors/theirs");
  const nothing = await as.owner("GET", "/api/orgs/acme/connectors/nothing");
  expect(theirs.status).toBe(404);
  expect(theirs.text).toBe(nothing.text);
  expect((await as.owner("PATCH", "/api/orgs/acme/connectors/theirs/tools/echo", { offered: false })).status).toBe(404);
});

describe("a change", () => {
  const change = (headers: Record<string, string>) => as.owner("PATCH", ECHO_TOOL, { offered: true }, headers);

  test("without the session's CSRF token is refused", async () => {
    expect((await change({ "x-csrf-token": "" })).status).toBe(403);
    expect((await change({ "x-csrf-token": "guessed" })).status).toBe(403);
  });

  test("from a foreign Origin, or from none, is refused", async () => {
    expect((await change({ origin: "https://evil.example" })).status).toBe(403);
    expect((await change({ origin: "null" })).status).toBe(403);
    const { status } = await fetch(house.url + ECHO_TOOL, { method: "PATCH", body: "{}" });
    expect(status).toBe(401);
  });

  test("is in the audit log, with who made it", async () => {
    expect((await as.admin("PATCH", ECHO_TOOL, { classification: "read", offered: false })).status).toBe(204);
    const { json } = await as.owner("GET", "/api/orgs/acme/audit?limit=1");
    expect(json.entries[0]).toMatchObject({
      event: "tool.changed",
      user: "admin@acme.example",
      connector: "tracker",
      entry: { tool: "echo", before: { offered: true }, after: { classification: "read", offered: false } },
    });
    const listed = await as.member("GET", `${TRACKER}/tools`);
    expect(listed.json.tools[0]).toMatchObject({ name: "echo", classification: "read", offered: false });
  });

  test("of nothing, or of a tool that is not there, is refused", async () => {
    expect((await as.owner("PATCH", ECHO_TOOL, {})).status).toBe(422);
    expect((await as.owner("PATCH", ECHO_TOOL, { classification: "harmless" })).json.fields).toHaveProperty(
      "classification",
    );
    expect((await as.owner("PATCH", `${TRACKER}/tools/nothing`, { offered: true })).status).toBe(404);
  });
});

test("a connector tells its address and its tools, and its whole URL only to those who may change it", async () => {
  const { json } = await as.owner("GET", "/api/orgs/acme/connectors");
  expect(json.connectors).toMatchObject([
    { slug: "tracker", upstream: "mcp.example.com", address: `${house.url}/acme/tracker/mcp` },
  ]);
  expect(json.connectors[0].tools.total).toBe(1);
  expect((await as.owner("GET", TRACKER)).json.url).toBe("https://mcp.example.com/key-in-path/mcp");
  expect((await as.member("GET", TRACKER)).text).not.toContain("key-in-path");
});

describe("registering a connector", () => {
  const register = (fields: object) => as.owner("POST", "/api/orgs/acme/connectors", { ...NEW, ...fields });

  test("says of each field what is wrong with it", async () => {
    const { status, json } = await as.owner("POST", "/api/orgs/acme/connectors", {
      slug: "Ä",
      access: [{ kind: "bearer" }],
      secrets: { bearer: { secret: "a b" } },
    });
    expect(status).toBe(422);
    expect(json).toMatchObject({ type: "urn:gatehouse:fault:invalid_fields", status: 422 });
    expect(Object.keys(json.fields).sort()).toEqual(["name", "slug", "url"]);
    expect(json.fields.name).toBe("Give the connector a name");
  });

  test.each([
    ["mcp.example.com", /whole URL/],
    ["ftp://mcp.example.com", /whole URL/],
    ["javascript:alert(1)", /whole URL/],
    ["https://mcp.example.com/mcp#x", /# on/],
    ["https://user:pw@mcp.example.com/mcp", /user name or password/],
    ["http://10.0.0.1/mcp", /public internet/],
    ["http://169.254.169.254/latest/meta-data", /public internet/],
  ])("%s is refused", async (url, sentence) => {
    const { status, json } = await register({ url });
    expect(status).toBe(422);
    expect(json.fields.url).toMatch(sentence);
  });

  test("Gatehouse itself is refused as an upstream", async () => {
    const { json } = await register({ url: `${house.url}/acme/tracker/mcp` });
    expect(json.fields.url).toMatch(/Gatehouse itself/);
  });

  test("stores it with its tools, none of them classified, and the token sealed", async () => {
    const secret = "canary-token-of-the-org";
    await using fixture = await startModernFixture();
    const { status, json } = await register({
      url: fixture.url.href,
      access: [{ kind: "bearer" }],
      secrets: { bearer: { secret: `Bearer ${secret}` } },
    });
    expect(json).toMatchObject({ slug: "wiki", era: "modern", address: `${house.url}/acme/wiki/mcp` });
    expect(status).toBe(201);

    const { json: stored, text } = await as.owner("GET", "/api/orgs/acme/connectors/wiki");
    expect(stored.tools.total).toBe(json.tools);
    const unclassified = await as.owner("GET", "/api/orgs/acme/connectors/wiki/tools?show=unclassified");
    expect(unclassified.json.matching.total).toBe(json.tools);
    expect(stored.access).toEqual([
      { kind: "bearer", slot: "bearer", credential: { setAt: expect.any(String), setBy: "owner@acme.example" } },
    ]);

    const connector = await withOrg(house.ownerDb, acme.id, (scope) => findConnectorBySlug(scope, "wiki"));
    const [row] = await withOrg(house.ownerDb, acme.id, (scope) => listCredentialsOfConnector(scope, connector!.id));
    const place = { org: acme.id, row: `credentials/${row!.id}`, version: row!.version };
    expect(JSON.parse(await house.vault.open(place, row!.sealed!))).toEqual({
      upstreamOrigin: fixture.url.origin,
      tokenEndpoint: null,
      secret: { secret },
    });
    const audit = await withOrg(house.ownerDb, acme.id, (scope) => listAudit(scope, { limit: 1 }));
    expect(audit[0]).toMatchObject({ event: "connector.registered", userEmail: "owner@acme.example" });
    for (const place of [text, JSON.stringify(audit), house.log.join(), row!.sealed!.toString("latin1")]) {
      expect(place).not.toContain(secret);
    }
  });

  test("refuses an address that is taken, on its own field", async () => {
    await using fixture = await startModernFixture();
    const { status, json } = await register({ slug: "tracker", url: fixture.url.href });
    expect(status).toBe(409);
    expect(json.fields.slug).toMatch(/another connector/);
  });

  test("tells what the server said where it is not an MCP server", async () => {
    await using page = await listenOnLoopback((_, res) => {
      res.writeHead(200, { "content-type": "text/html" }).end("<h1>Hello");
    });
    const { status, json } = await register({ slug: "page", url: page.origin });
    expect(status).toBe(422);
    expect(json.fields.url).toMatch(
      /^There is a web page at this address, not an MCP server \(it answered 200\)\. .*\/mcp/,
    );
  });
});

test("the audit log comes in pages, newest first, and is the org's own", async () => {
  await withOrg(house.ownerDb, other.id, async (scope) => {
    for (let at = 0; at < 5; at++)
      await insertAudit(scope, { event: "call", outcome: "ok", entry: { tool: `t${at}` } });
  });
  const first = (await as.stranger("GET", "/api/orgs/other/audit?limit=3&event=call")).json;
  const rest = (await as.stranger("GET", `/api/orgs/other/audit?limit=3&event=call&after=${first.next}`)).json;
  const tools = [...first.entries, ...rest.entries].map(({ entry }) => entry.tool);
  expect(tools).toEqual(["t4", "t3", "t2", "t1", "t0"]);
  expect(rest.next).toBeNull();
  expect((await as.stranger("GET", "/api/orgs/other/audit?limit=1000")).status).toBe(422);
  expect((await as.stranger("GET", "/api/orgs/other/audit?after=nothing")).status).toBe(422);
});

test("what is sent badly is told, and never a 500", async () => {
  expect((await as.owner("POST", "/api/orgs/acme/connectors", "{")).status).toBe(400);
  expect((await as.owner("POST", "/api/orgs/acme/connectors", "[]")).status).toBe(422);
  expect((await as.owner("POST", "/api/orgs/acme/connectors", { ...NEW, name: "x".repeat(70_000) })).status).toBe(413);
  expect((await as.owner("GET", "/api/orgs/%00/connectors")).status).toBe(404);
  expect((await as.owner("GET", "/api/orgs/acme/connectors/%00")).status).toBe(404);
  expect((await as.owner("PATCH", `${TRACKER}/tools/%00`, { offered: true })).status).toBe(404);
  expect((await as.owner("POST", "/api/orgs/acme/connectors", { ...NEW, name: "a\0b" })).json.fields).toHaveProperty(
    "name",
  );
  expect((await as.owner("GET", "/api/nothing")).status).toBe(404);
  expect((await as.owner("DELETE", "/api/orgs/acme/connectors")).status).toBe(404);
  for (const path of ["audit?tool=%00", "audit/export?format=jsonl&tool=%00", "usage/hours?from=then&to=now"]) {
    expect((await as.owner("GET", `/api/orgs/acme/${path}`)).status, path).toBe(422);
  }
  expect((await as.owner("DELETE", "/api/orgs/acme/access/grants/a%00b")).status).toBe(404);
  expect((await as.owner("POST", "/api/orgs/acme/teams", { name: "a\0b" })).json.fields).toHaveProperty("name");
  const deep = `{"method":"tools/call","params":{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`;
  expect((await as.owner("POST", `${TRACKER}/playground`, deep)).json.fields).toHaveProperty("params");
  const delivery = { kind: "webhook", url: "siem.example.com", startsAt: "now" };
  expect((await as.owner("POST", "/api/orgs/acme/audit-deliveries", delivery)).json.fields).toHaveProperty("url");
});
