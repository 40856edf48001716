import { type RequestListener, request } from "node:http";
import { json } from "node:stream/consumers";
import { claimConnectorsDueForProbe, findConnectorBySlug } from "@gatehouse/store/connectors";
import { openDatabase, withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import type { Era, ToolDefinition } from "@gatehouse/store/tables";
import { createLogger } from "@gatehouse/telemetry/log";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { renewStaleVerdicts } from "../server/probe/renew-verdicts.ts";
import { type Send, signIn } from "./signed-in.ts";

let house: TestHouse;
let acme: Org;
let beta: Org;
let olive: Person;
let bea: Person;
let as: Record<"owner" | "member" | "stranger", Send>;
let upstream: ReturnType<typeof anUpstream>;

beforeAll(async () => {
  house = await startHouse();
  acme = await house.addOrg({ slug: "acme" });
  beta = await house.addOrg({ slug: "beta" });
  olive = await house.addMember(acme, { email: "olive@acme.example", role: "owner" });
  const member = await house.addMember(acme, { email: "max@acme.example" });
  bea = await house.addMember(beta, { email: "bea@beta.example", role: "owner" });
  as = {
    owner: await signIn(house, olive),
    member: await signIn(house, member),
    stranger: await signIn(house, bea),
  };
});
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(() => {
  upstream = anUpstream();
});

const tool = (name: string, more: object = {}): ToolDefinition => ({ name, inputSchema: { type: "object" }, ...more });

/** A server that speaks one era, and may be told to speak the other one next time. */
function anUpstream() {
  const asked: { method: string; authorization: string | undefined }[] = [];
  const server = { era: "legacy" as Era, tools: [tool("look")], failing: false, asked, answer };

  function resultOf(method: string): object | null {
    const own = { capabilities: { tools: {} } };
    if (method === "tools/list") return { tools: server.tools };
    if (server.era === "modern")
      return method === "server/discover" ? { ...own, supportedVersions: ["2026-07-28"] } : null;
    return method === "initialize" ? { ...own, protocolVersion: "2025-06-18", serverInfo: { name: "old" } } : null;
  }
  async function answer(...[req, res]: Parameters<RequestListener>): Promise<void> {
    if (req.method !== "POST") return void res.writeHead(405).end();
    const { id, method } = (await json(req)) as { id?: number; method: string };
    asked.push({ method, authorization: req.headers.authorization });
    const result = resultOf(method);
    if (server.failing) res.writeHead(500).end();
    else if (id === undefined) res.writeHead(202).end();
    else if (!result) res.writeHead(400).end();
    else res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  }
  return server;
}

const api = (slug: string, org = "acme") => `/api/orgs/${org}/connectors/${slug}`;
const probe = (slug: string) => as.owner("POST", `${api(slug)}/probe`);
const lastAudit = async () => (await as.owner("GET", "/api/orgs/acme/audit?limit=1")).json.entries[0];

/** As long ago as that, somebody has looked at the connector, or tried to. */
async function lookedAt(org: Org, slug: string, hoursAgo: number): Promise<void> {
  const at = new Date(Date.now() - hoursAgo * 3_600_000);
  const change = { probed_at: at, probe_begun_at: at };
  await withOrg(house.ownerDb, org.id, ({ db, id }) =>
    db.updateTable("connectors").set(change).where("org_id", "=", id).where("slug", "=", slug).execute(),
  );
}

test("checking again finds what has changed; what is new waits for the owner, and a read has to be judged anew", async () => {
  await using server = await listenOnLoopback(upstream.answer);
  await house.addConnector(acme, {
    ...{ slug: "changing", url: `${server.origin}/mcp`, era: "modern", bearer: "the-token" },
    tools: [
      { ...tool("same", { title: "Same" }), classification: "read" },
      { ...tool("reworded"), classification: "read" },
      { ...tool("widened"), classification: "read" },
      { ...tool("reclaimed"), classification: "read" },
      { ...tool("written"), classification: "write" },
      { ...tool("gone"), classification: "read" },
    ],
  });
  await lookedAt(acme, "changing", 30);
  upstream.tools = [
    { title: "Same", inputSchema: { type: "object" }, name: "same" },
    tool("reworded", { description: "Says it better" }),
    tool("widened", { inputSchema: { type: "object", properties: { path: { type: "string" } } } }),
    tool("reclaimed", { annotations: { destructiveHint: true } }),
    tool("written", { annotations: { readOnlyHint: true } }),
    tool("new", { annotations: { readOnlyHint: true } }),
    tool("not a name"),
  ];
  const { status, json: found } = await probe("changing");
  expect(status).toBe(200);
  expect(found).toEqual({
    ...{ era: "legacy", transport: "streamable-http", protocolVersion: "2025-06-18", serverName: "old" },
    added: ["new"],
    changed: ["reworded", "widened", "reclaimed", "written"],
    removed: ["gone"],
    unclassified: ["widened", "reclaimed"],
    leftOut: ["not a name"],
    isFirst: false,
  });
  expect(new Set(upstream.asked.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer the-token"]));

  const { json } = await as.member("GET", `${api("changing")}/tools`);
  const decisions = json.tools.map((one: { name: string; classification: string; offered: boolean }) => [
    one.name,
    one.classification,
    one.offered,
  ]);
  expect(decisions.sort()).toEqual([
    ["new", null, false],
    ["reclaimed", null, true],
    ["reworded", "read", true],
    ["same", "read", true],
    ["widened", null, true],
    ["written", "write", true],
  ]);
  const { json: connector } = await as.member("GET", api("changing"));
  expect(connector).toMatchObject({ era: "legacy", upstreamEra: "auto", clientEras: "both" });
  expect(Date.now() - Date.parse(connector.probedAt)).toBeLessThan(60_000);
  expect(await lastAudit()).toMatchObject({
    event: "connector.probed",
    user: "olive@acme.example",
    entry: { after: { era: "legacy", protocolVersion: "2025-06-18" }, added: ["new"], removed: ["gone"] },
  });
  expect((await probe("changing")).json).toMatchObject({ added: [], changed: [], removed: [] });
});

test("an upstream that fails is described, and everything stays as it was", async () => {
  await using server = await listenOnLoopback(upstream.answer);
  await house.addConnector(acme, {
    slug: "failing",
    url: `${server.origin}/mcp`,
    era: "modern",
    tools: [tool("look")],
  });
  const before = (await as.owner("GET", api("failing"))).json;
  upstream.failing = true;
  const { status, json: problem } = await probe("failing");
  expect(status).toBe(502);
  expect(problem).toMatchObject({ detail: expect.stringContaining("The server fails (it answered 500)") });
  expect(problem).not.toHaveProperty("fields");
  expect((await as.owner("GET", api("failing"))).json).toEqual(before);
});

test("an era that the owner has pinned is not changed by probing, until it is unpinned", async () => {
  await using server = await listenOnLoopback(upstream.answer);
  await house.addConnector(acme, { slug: "pinned", url: `${server.origin}/mcp`, era: "legacy" });
  const eras = async () => (await as.owner("GET", api("pinned"))).json;
  expect((await as.owner("PATCH", api("pinned"), { upstreamEra: "modern" })).status).toBe(204);
  expect(await eras()).toMatchObject({ era: "modern", upstreamEra: "modern", protocolVersion: "2026-07-28" });
  expect(await lastAudit()).toMatchObject({
    event: "connector.changed",
    user: "olive@acme.example",
    connector: "pinned",
    entry: {
      before: { upstreamEra: "auto", clientEras: "both" },
      after: { upstreamEra: "modern", clientEras: "both" },
    },
  });

  const refused = await probe("pinned");
  expect(refused.json.detail).toBe("The server does not speak MCP 2026-07-28, which its era is set to");
  expect(await eras()).toMatchObject({ era: "modern", upstreamEra: "modern" });

  expect((await as.owner("PATCH", api("pinned"), { upstreamEra: "auto" })).status).toBe(204);
  expect((await probe("pinned")).json).toMatchObject({ era: "legacy" });
  expect(await eras()).toMatchObject({ era: "legacy", upstreamEra: "auto", protocolVersion: "2025-06-18" });

  upstream.era = "modern";
  await as.owner("PATCH", api("pinned"), { upstreamEra: "legacy" });
  expect((await probe("pinned")).status).toBe(502);
  expect(await eras()).toMatchObject({ era: "legacy", upstreamEra: "legacy" });
});

test("a client that speaks both eras falls back where the owner has turned the modern one off, and comes back", async () => {
  await using fixture = await startModernFixture();
  const endpoint = await house.addConnector(acme, {
    ...{ slug: "both-eras", url: fixture.url.href, tools: [tool("test_simple_text")] },
  });
  const negotiated = async () => {
    await using connected = await connectV2(endpoint.url, olive, { era: "auto" });
    await connected.client.callTool({ name: "test_simple_text", arguments: {} });
    return connected.client.getNegotiatedProtocolVersion();
  };
  expect(await negotiated()).toBe("2026-07-28");
  expect((await as.owner("PATCH", api("both-eras"), { clientEras: "legacy" })).status).toBe(204);
  await expect.poll(negotiated, { timeout: 10_000 }).toBe("2025-11-25");
  expect((await as.owner("PATCH", api("both-eras"), { clientEras: "both" })).status).toBe(204);
  await expect.poll(negotiated, { timeout: 10_000 }).toBe("2026-07-28");
});

test("clients that are connected go on when an upstream changes its era, either way", async () => {
  await using legacy = await startLegacyFixture();
  await using modern = await startModernFixture();
  let now: URL = legacy.url;
  await using relay = await listenOnLoopback((req, res) => {
    const options = { method: req.method!, headers: { ...req.headers, host: now.host } };
    const onward = request(now, options, (answer) => {
      res.writeHead(answer.statusCode!, answer.headers).flushHeaders();
      answer.pipe(res);
    });
    onward.on("error", () => res.destroy());
    res.on("close", () => onward.destroy());
    req.pipe(onward);
  });
  const endpoint = await house.addConnector(beta, {
    ...{ slug: "upgraded", url: `${relay.origin}/mcp`, era: "legacy", tools: [tool("test_simple_text")] },
  });
  await using old = await connectV2(endpoint.url, bea, { era: "legacy" });
  await using young = await connectV2(endpoint.url, bea, { era: "modern" });
  const bothAnswer = () =>
    Promise.all(
      [old, young].map(async ({ client }) => {
        const { content } = await client.callTool({ name: "test_simple_text", arguments: {} });
        expect(content).toMatchObject([{ type: "text" }]);
      }),
    );
  await bothAnswer();
  for (const [url, era] of [
    [modern.url, "modern"],
    [legacy.url, "legacy"],
  ] as const) {
    now = url;
    expect((await as.stranger("POST", `${api("upgraded", "beta")}/probe`)).json).toMatchObject({ era });
    await expect.poll(() => bothAnswer().then(() => "answered", String), { timeout: 5000 }).toBe("answered");
  }
});

test("only those who may change connectors check and pin, and another org's cannot be told from none", async () => {
  await house.addConnector(acme, { slug: "ours", url: "https://mcp.example.com/mcp" });
  for (const [method, path, body] of [
    ["POST", `${api("ours")}/probe`, undefined],
    ["PATCH", api("ours"), { clientEras: "legacy" }],
  ] as const) {
    expect((await as.member(method, path, body)).status).toBe(403);
    expect((await as.owner(method, path, body, { "x-csrf-token": "guessed" })).status).toBe(403);
    const theirs = await as.stranger(method, path, body);
    const nothing = await as.stranger(method, path.replace("acme", "nowhere"), body);
    expect([theirs.status, theirs.text]).toEqual([404, nothing.text]);
    expect((await as.stranger(method, path.replace("acme", "beta"), body)).status).toBe(404);
  }
  for (const wrong of [{}, { upstreamEra: "newest" }, { clientEras: "modern" }]) {
    expect((await as.owner("PATCH", api("ours"), wrong)).status).toBe(422);
  }
});

test("verdicts that are a day old are renewed unasked, of every org, by one process each; the tools stay", async () => {
  await using server = await listenOnLoopback(upstream.answer);
  const broken = anUpstream();
  broken.failing = true;
  await using brokenServer = await listenOnLoopback(broken.answer);
  const stale = { url: `${server.origin}/mcp`, tools: [tool("stored")] };
  await house.addConnector(acme, { slug: "stale", ...stale });
  await house.addConnector(acme, { slug: "fresh", ...stale });
  await house.addConnector(beta, { slug: "stale", ...stale });
  await house.addConnector(beta, { slug: "lost", ...stale, url: `${brokenServer.origin}/mcp` });
  for (const [org, slug] of [
    [acme, "stale"],
    [beta, "stale"],
    [beta, "lost"],
  ] as const)
    await lookedAt(org, slug, 25);

  await using db = openDatabase(house.access, "gatehouse_dashboard");
  const log = createLogger({ level: "fatal" });
  const deps = { db, egress: house.house.egress, vault: house.vault, log };
  const { signal } = new AbortController();
  await Promise.all([renewStaleVerdicts(deps, signal), renewStaleVerdicts(deps, signal)]);

  expect(upstream.asked.filter(({ method }) => method === "initialize")).toHaveLength(2);
  expect(upstream.asked.filter(({ method }) => method === "tools/list")).toEqual([]);
  const find = (org: Org, slug: string) => withOrg(house.ownerDb, org.id, (scope) => findConnectorBySlug(scope, slug));
  for (const org of [acme, beta]) expect(await find(org, "stale")).toMatchObject({ era: "legacy" });
  expect(await find(acme, "fresh")).toMatchObject({ era: "modern" });
  const lost = await find(beta, "lost");
  expect(lost).toMatchObject({ era: "modern" });
  expect(Date.now() - lost!.probedAt.getTime()).toBeGreaterThan(24 * 3_600_000);
  expect(await lastAudit()).toMatchObject({
    event: "connector.probed",
    user: null,
    entry: { after: { era: "legacy" } },
  });
  expect((await as.owner("GET", `${api("stale")}/tools`)).json.tools).toMatchObject([{ name: "stored" }]);
});

test("only the dashboard is told which connectors are due", async () => {
  await using gateway = openDatabase(house.access, "gatehouse_gateway");
  await expect(claimConnectorsDueForProbe(gateway, 1)).rejects.toThrow("permission denied");
});
