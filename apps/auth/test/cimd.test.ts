import dns from "node:dns";
import { once } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { AuthorizationRequest, authorize, REDIRECT_URI, redeem, signIn, startAuthAlone } from "./auth-alone.ts";
import { type Answer, startClientSite } from "./client-site.ts";

/** Counts every TCP connection that arrives on any address of this machine. */
async function startCanary() {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await once(server.listen(0), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      await once(server.close(), "close");
    },
  };
}

async function startAcme(egressAllow: readonly string[] = []) {
  const house = await startAuthAlone({ egressAllow });
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  const open = (clientId: string, more = {}) =>
    ada.browser.open(new AuthorizationRequest(house, { client_id: clientId, resource, ...more }).url);
  return Object.assign(house, { resource, ada, open });
}

test("a client that publishes its metadata is not registered, and gets its tokens", async () => {
  await using site = await startClientSite();
  await using house = await startAcme(site.egressAllow);
  const { code, request } = await authorize(house, house.ada, { client_id: site.id, resource: house.resource });
  const { status, json } = await redeem(house, { clientId: site.id, code, request });
  expect([status, json.scope]).toEqual([200, "mcp:read mcp:write"]);
  expect(json.refresh_token).toEqual(expect.any(String));
  expect(site.paths).toEqual(["/client.json"]);
});

test("consent shows the host that vouches for the name, and warns where it proves nothing", async () => {
  await using site = await startClientSite((document) => ({ json: { ...document, client_name: "Claude" } }));
  await using house = await startAcme(site.egressAllow);
  const consent = await signIn(house.ada, await house.open(site.id));
  expect(consent.text).toContain("Allow Claude to use “everything”?");
  expect(consent.text).toContain(new URL(site.id).host);
  expect(consent.text).toContain("Anyone can publish an app under this name");
});

test("Claude's own clients are known also where their documents cannot be fetched", async () => {
  await using house = await startAcme();
  const redirectUri = "http://localhost:61234/callback";
  const id = "https://claude.ai/oauth/claude-code-client-metadata";
  const consent = await signIn(house.ada, await house.open(id, { redirect_uri: redirectUri }));
  expect(consent.text).toContain("Claude Code");
  expect(consent.text).toContain("claude.ai");
  const refused = await house.open(id, { redirect_uri: "https://evil.example/callback" });
  expect([refused.status, refused.left]).toEqual([400, null]);
});

test.each<[string, (document: Record<string, unknown>) => Answer]>([
  ["is not there", () => ({ status: 404, json: {} })],
  ["is not JSON", () => ({ body: "<html>" })],
  ["is longer than 10 KB", (document) => ({ json: { ...document, filler: "x".repeat(10_240) } })],
  ["names another client_id", (document) => ({ json: { ...document, client_id: "https://claude.ai/oauth" } })],
  ["holds a secret", (document) => ({ json: { ...document, client_secret: "x" } })],
  [
    "wants to authenticate by secret",
    (document) => ({ json: { ...document, token_endpoint_auth_method: "client_secret_post" } }),
  ],
  [
    "redirects to remote http",
    (document) => ({ json: { ...document, redirect_uris: ["http://evil.example/cb", REDIRECT_URI] } }),
  ],
  ["has a deceptive name", (document) => ({ json: { ...document, client_name: "Claude\u202e" } })],
])("a document that %s gets an error page", async (_, serve) => {
  await using site = await startClientSite(serve);
  await using house = await startAcme(site.egressAllow);
  const page = await house.open(site.id);
  expect([page.status, page.left]).toEqual([400, null]);
  expect(page.text).toContain("not known here");
});

test("scopes and grant types that a document names and this server lacks are left out", async () => {
  await using site = await startClientSite((document) => ({
    json: { ...document, scope: "files:read", grant_types: ["authorization_code", "refresh_token", "implicit"] },
  }));
  await using house = await startAcme(site.egressAllow);
  expect((await house.open(site.id)).status).toBe(200);
});

test("no address that is not public is connected to, not even for a moment", async () => {
  await using canary = await startCanary();
  await using house = await startAcme();
  const hosts = ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"];
  const more = ["localhost", "localhost.", "0.0.0.0", "[::]", "169.254.169.254", "100.64.0.1", "10.0.0.1", "[fd00::1]"];
  const began = performance.now();
  for (const host of [...hosts, ...more]) {
    const page = await house.open(`https://${host}:${canary.port}/client.json`);
    expect([page.status, page.left], host).toEqual([400, null]);
  }
  expect(performance.now() - began).toBeLessThan(3000);
  expect(canary.connections()).toBe(0);
});

test("a name that resolves to an inner address, among others or when it is asked for anew, leads nowhere", async () => {
  await using canary = await startCanary();
  await using house = await startAcme();
  const { lookup } = dns;
  const answers = { "mixed.example": [["11.0.0.1", "127.0.0.1"]], "anew.example": [["11.0.0.1"], ["127.0.0.1"]] };
  const asked: string[] = [];
  dns.lookup = ((name: keyof typeof answers, options: object, done: (...result: unknown[]) => void) => {
    const [addresses] = answers[name] ?? [];
    if (!addresses) return lookup(name, options, done as never);
    asked.push(name);
    if (answers[name].length > 1) answers[name].shift();
    return done(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  }) as typeof lookup;
  syncBuiltinESMExports();
  onTestFinished(() => {
    dns.lookup = lookup;
    syncBuiltinESMExports();
  });
  for (const host of Object.keys(answers)) {
    const began = performance.now();
    expect((await house.open(`https://${host}:${canary.port}/client.json`)).status, host).toBe(400);
    expect(performance.now() - began).toBeLessThan(4000);
  }
  expect(asked, "what was checked is what is connected to").toEqual(Object.keys(answers));
  expect(canary.connections()).toBe(0);
});

test("a redirect is not followed", async () => {
  await using canary = await startCanary();
  await using site = await startClientSite(() => ({
    status: 302,
    headers: { location: `https://127.0.0.1:${canary.port}/client.json` },
    json: {},
  }));
  await using house = await startAcme(site.egressAllow);
  expect((await house.open(site.id)).status).toBe(400);
  expect(site.paths).toEqual(["/client.json"]);
  expect(canary.connections()).toBe(0);
});

test("ids without https or a path, with a fragment, userinfo or dot segments are never fetched", async () => {
  await using site = await startClientSite();
  await using house = await startAcme(site.egressAllow);
  const { host } = new URL(site.id);
  for (const id of [
    `http://${host}/client.json`,
    `https://${host}`,
    `https://${host}/`,
    `https://${host}/client.json#x`,
    `https://user@${host}/client.json`,
    `https://${host}/x/../client.json`,
  ]) {
    expect((await house.open(id)).status, id).toBe(400);
  }
  expect(site.paths).toEqual([]);
});

test("a site that never answers costs three seconds", async () => {
  await using site = await startClientSite(() => ({ never: true }));
  await using house = await startAcme(site.egressAllow);
  const began = performance.now();
  expect((await house.open(site.id)).status).toBe(400);
  expect(performance.now() - began).toBeLessThan(4000);
});
