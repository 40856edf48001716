import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { sealCredential } from "@gatehouse/credentials/sealed-credential";
import { findConnectorBySlug } from "@gatehouse/store/connectors";
import { listCredentialsOfConnector, putCredential, reserveCredential } from "@gatehouse/store/credentials";
import { withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import {
  accessibilityProblems,
  type Browser,
  isWiderThanTheScreen,
  launchChromium,
  openPage,
  SIZES,
} from "@gatehouse/testing/chromium";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Send, signIn } from "./signed-in.ts";

let house: TestHouse;
let browser: Browser;
let acme: Org;
let olive: Person;
let max: Person;
let as: Record<"owner" | "member", Send>;

beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse({ egressAllow: ["127.0.0.1"] }), launchChromium()]);
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  olive = await house.addMember(acme, { email: "olive@acme.example", role: "owner" });
  max = await house.addMember(acme, { email: "max@acme.example" });
  as = { owner: await signIn(house, olive), member: await signIn(house, max) };
});
afterAll(async () => {
  await browser?.close();
  await house?.[Symbol.asyncDispose]();
});

/** A server of the legacy era that opens for whoever `isRight`, and keeps what it was shown. */
function guarded(isRight: (request: IncomingMessage) => boolean) {
  const seen: IncomingMessage[] = [];
  const answer: RequestListener = async (req, res) => {
    seen.push(req);
    if (!isRight(req)) return void res.writeHead(401).end();
    if (req.method !== "POST") return void res.writeHead(405).end();
    const { id, method } = (await json(req)) as { id?: number; method: string };
    const results: Record<string, object> = {
      initialize: { protocolVersion: "2025-06-18", serverInfo: { name: "guarded" }, capabilities: { tools: {} } },
      "tools/list": { tools: [{ name: "look", inputSchema: { type: "object" } }] },
    };
    if (id === undefined) return void res.writeHead(202).end();
    if (!results[method]) return void res.writeHead(400).end();
    const body = JSON.stringify({ jsonrpc: "2.0", id, result: results[method] });
    res.writeHead(200, { "content-type": "application/json" }).end(body);
  };
  return { seen, answer };
}

const withKey = (key: string) => guarded(({ headers }) => headers["x-api-key"] === `Token ${key}`);
const HEADER = { kind: "header", name: "X-Api-Key", template: "Token {secret}" };
const api = (slug: string) => `/api/orgs/acme/connectors/${slug}`;

async function register(slug: string, origin: URL | string, more: object) {
  return as.owner("POST", "/api/orgs/acme/connectors", { name: slug, slug, url: `${origin}/mcp`, ...more });
}

/** As if the member had linked an account there. */
async function link(slug: string, person: Person): Promise<void> {
  const dataKey = await house.vault.dataKey(acme.id);
  await withOrg(house.ownerDb, acme.id, async (scope) => {
    const connector = (await findConnectorBySlug(scope, slug))!;
    const key = { connectorId: connector.id, userId: person.id, slot: "member-secret" };
    const row = await reserveCredential(scope, key);
    const sentTo = { upstreamOrigin: new URL(connector.url).origin, tokenEndpoint: null };
    const sealed = sealCredential(dataKey, { org: acme.id, ...row }, sentTo, { secret: "max's" });
    await putCredential(scope, { ...row, ...key, ...sentTo, kind: "member-secret", sealed });
  });
}

const rowsOf = (slug: string) =>
  withOrg(house.ownerDb, acme.id, async (scope) =>
    listCredentialsOfConnector(scope, (await findConnectorBySlug(scope, slug))!.id),
  );

test("a credential is tried before it is stored, never told, and kept where it is not typed in anew", async () => {
  const { answer } = withKey("s3cret");
  await using server = await listenOnLoopback(answer);
  const wrong = await register("keyed", server.origin, {
    access: [HEADER],
    secrets: { "header x-api-key": { secret: "no" } },
  });
  const refused = "The server refuses this credential (it answered 401). Check that it is whole, and not expired";
  expect(wrong.json.fields).toEqual({ secrets: refused });
  const missing = await register("keyed", server.origin, { access: [HEADER] });
  expect(missing.json.fields).toEqual({ "secrets.header x-api-key.secret": "Enter the secret" });
  const right = { access: [HEADER], secrets: { "header x-api-key": { secret: "s3cret" } } };
  expect((await register("keyed", server.origin, right)).status).toBe(201);

  const read = await as.owner("GET", api("keyed"));
  const set = { setAt: expect.any(String), setBy: olive.email };
  expect(read.json.access).toEqual([{ ...HEADER, slot: "header x-api-key", credential: set }]);
  expect(read.text).not.toContain("s3cret");
  expect((await as.member("GET", api("keyed"))).json).toMatchObject({ access: null, url: null });

  const url = `${server.origin}/elsewhere`;
  const kept = await as.owner("PUT", `${api("keyed")}/upstream`, { url, access: [HEADER] });
  expect(kept.json).toMatchObject({ unlinked: 0, added: [], removed: [] });
  expect(await rowsOf("keyed")).toHaveLength(1);
  expect((await as.member("PUT", `${api("keyed")}/upstream`, { url, access: [] })).status).toBe(403);
});

test.each([
  [{ kind: "header", name: "Host" }, "access.0.name"],
  [{ kind: "header", name: "Mcp-Session-Id" }, "access.0.name"],
  [{ kind: "header", name: "X Y" }, "access.0.name"],
  [{ kind: "header", name: "X-Key", template: "no place" }, "access.0.template"],
  [{ kind: "query", name: "a&b" }, "access.0.name"],
  [{ kind: "client-credentials", tokenEndpoint: "file:///etc/passwd" }, "access.0.tokenEndpoint"],
])("what cannot be sent is refused: %j", async (way, field) => {
  const { json } = await register("refused", "https://mcp.example.com", { access: [way] });
  expect(Object.keys(json.fields)).toContain(field);
});

test("two ways that would stand in the same place are refused", async () => {
  const { json } = await register("refused", "https://mcp.example.com", {
    access: [{ kind: "bearer" }, { kind: "basic" }],
  });
  expect(json.fields).toEqual({ "access.1": "Two of these would be sent in the same place" });
});

test("a connector that is pointed elsewhere sends nobody's credential there: its owner is told who loses it first", async () => {
  const { answer } = guarded(() => true);
  const away = guarded(() => true);
  await using server = await listenOnLoopback(answer);
  await using elsewhere = await listenOnLoopback(away.answer);
  const access = [HEADER, { kind: "member-secret", as: { kind: "bearer" } }];
  await register("moving", server.origin, { access, secrets: { "header x-api-key": { secret: "canary-org" } } });
  await link("moving", max);
  const change = (more: object) =>
    as.owner("PUT", `${api("moving")}/upstream`, { url: `${elsewhere.origin}/mcp`, access, ...more });
  const told = await change({ secrets: { "header x-api-key": { secret: "new" } } });
  expect(told.status).toBe(409);
  expect(told.json).toMatchObject({ unlinks: 1, detail: expect.stringMatching(/^One person loses their link/) });
  expect(away.seen).toEqual([]);

  const untyped = await change({ unlinks: 1 });
  expect(untyped.json.fields).toEqual({ "secrets.header x-api-key.secret": "Enter the secret" });
  const done = await change({ unlinks: 1, secrets: { "header x-api-key": { secret: "new" } } });
  expect(done.json).toMatchObject({ unlinked: 1 });
  expect(away.seen.map(({ headers }) => headers["x-api-key"])).toContain("Token new");
  expect(JSON.stringify(away.seen.map(({ headers }) => headers))).not.toMatch(/canary-org|max's/);
  const rows = await rowsOf("moving");
  expect(rows.find(({ userId }) => userId === max.id)).toMatchObject({ status: "unlinked", sealed: null });
  expect(rows.find(({ userId }) => userId === null)).toMatchObject({
    status: "live",
    upstreamOrigin: elsewhere.origin,
  });
  const { json } = await as.owner("GET", "/api/orgs/acme/audit?limit=1");
  expect(json.entries[0]).toMatchObject({
    event: "connector.changed",
    entry: { before: { upstream: server.origin }, after: { upstream: elsewhere.origin }, unlinked: 1 },
  });
  expect(JSON.stringify(json)).not.toContain("canary-org");
});

test("inner addresses are refused when a connector is saved, and not connected to", async () => {
  let connections = 0;
  const inner = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await once(inner.listen(0, "::"), "listening");
  const { port } = inner.address() as AddressInfo;
  for (const host of ["localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"]) {
    const { json } = await register("inner", `http://${host}:${port}`, {});
    expect(json.fields.url, host).toMatch(/refused/);
    const way = { kind: "client-credentials", tokenEndpoint: `http://${host}:${port}/token` };
    const secrets = { "client-credentials": { clientId: "a", clientSecret: "b" } };
    const token = await register("inner", "https://mcp.example.com", { access: [way], secrets });
    expect(Object.keys(token.json.fields), host).toEqual(["secrets.client-credentials.clientSecret"]);
  }
  expect(connections).toBe(0);
  inner.close();
});

const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");

test("in a browser, an owner says how an upstream is opened, and changes it later", { timeout: 60_000 }, async () => {
  const { answer } = withKey("s3cret");
  await using server = await listenOnLoopback(answer);
  const { page } = await openPage(browser, {});
  await page.goto(`${house.url}/dashboard/acme/connectors/new`);
  await page.getByLabel("Email").fill(olive.email);
  await page.keyboard.press("Enter");
  await page.getByLabel("Password").fill(olive.password);
  await page.keyboard.press("Enter");
  await page.getByLabel("Name", { exact: true }).fill("Vault");
  await page.getByLabel("URL of the MCP server").fill(`${server.origin}/mcp`);
  await page.getByLabel("The server asks for").selectOption({ label: "Header" });
  await page.getByLabel("Name of the header").fill("X-Api-Key");
  await page.getByLabel("Its value").fill("Token {secret}");
  await page.getByLabel("Secret", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("The server refuses this credential").waitFor();
  await page.screenshot({ path: join(SCREENSHOTS, "credential-new.png"), fullPage: true });
  await page.getByLabel("Secret", { exact: true }).fill("s3cret");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByRole("link", { name: "Credential", exact: true }).click();
  const opening = page.getByRole("region", { name: "Address and credentials" });
  await opening.getByText(/^Header, set/).waitFor();
  expect(await page.content()).not.toContain("s3cret");
  await opening.getByRole("button", { name: "Change" }).click();
  await opening.getByLabel("URL of the MCP server").fill("https://elsewhere.example/mcp");
  await opening.getByText("Another server").waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  for (const [size, { width, height }] of Object.entries(SIZES)) {
    await page.setViewportSize({ width, height });
    expect(await isWiderThanTheScreen(page), size).toBe(false);
    await page.screenshot({ path: join(SCREENSHOTS, `credential-${size}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: join(SCREENSHOTS, "credential-dark.png"), fullPage: true });
  await page.context().close();
});
