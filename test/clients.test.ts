import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { connectV1, V1Provider } from "@gatehouse/testing/client-v1";
import { connectV2, V2Provider } from "@gatehouse/testing/client-v2";
import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { startHouse, type TestHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";

// Real clients, through sign-in and consent, to real servers of their era.

async function furnish(house: TestHouse, slug: string, upstreams: Record<"legacy" | "modern", URL>) {
  const org = await house.addOrg({ slug });
  const alice = await house.addMember(org, { email: `alice@${slug}.example` });
  const bob = await house.addMember(org, { email: `bob@${slug}.example` });
  const endpointOf = async (era: "legacy" | "modern") => {
    const tools = (await listTools(upstreams[era])).map((tool) => ({ ...tool, classification: "read" as const }));
    return house.addConnector(org, { slug: era, url: upstreams[era].href, era, tools });
  };
  return { alice, bob, legacy: await endpointOf("legacy"), modern: await endpointOf("modern") };
}

async function startFurnishedHouse() {
  await using stack = new AsyncDisposableStack();
  const legacy = stack.use(await startLegacyFixture());
  const modern = stack.use(await startModernFixture());
  const house = stack.use(await startHouse());
  const upstreams = { legacy: legacy.url, modern: modern.url };
  const acme = await furnish(house, "acme", upstreams);
  const opened = stack.move();
  return { house, upstreams, acme, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]!.text;

test("the v2 client in the modern era registers, has its person sign in, and calls a tool", async () => {
  await using furnished = await startFurnishedHouse();
  const { alice, modern } = furnished.acme;
  await using connected = await connectV2(modern.url, alice, { era: "modern" });
  expect((await connected.client.listTools()).tools.map(({ name }) => name)).toContain("test_simple_text");
  expect(textOf(await connected.client.callTool({ name: "test_simple_text", arguments: {} }))).toMatch(/simple text/);
});

test("the v2 client in the legacy era does the same", async () => {
  await using furnished = await startFurnishedHouse();
  const { alice, legacy } = furnished.acme;
  await using connected = await connectV2(legacy.url, alice, { era: "legacy" });
  expect(textOf(await connected.client.callTool({ name: "test_simple_text", arguments: {} }))).toMatch(/simple text/);
});

test("the v1 client does the same, and its progress arrives before its result", async () => {
  await using furnished = await startFurnishedHouse();
  const { alice, legacy } = furnished.acme;
  await using connected = await connectV1(legacy.url, alice);
  const progress: number[] = [];
  const call = { name: "test_tool_with_progress", arguments: {} };
  await connected.client.callTool(call, undefined, { onprogress: (at) => void progress.push(at.progress) });
  expect(progress).toEqual([0, 50, 100]);
});

test("a client that speaks both eras finds the legacy one by itself", async () => {
  await using furnished = await startFurnishedHouse();
  const { alice, legacy } = furnished.acme;
  const { accessToken } = await tokenFor(alice, legacy.url);
  const client = new Client({ name: "both", version: "1" }, { versionNegotiation: { mode: "auto" } });
  const requestInit = { headers: { authorization: `Bearer ${accessToken}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(legacy.url), { requestInit }));
  expect((await client.listTools()).tools.length).toBeGreaterThan(0);
  await client.close();
});

test("a client that is known by its metadata document does not register", async () => {
  await using furnished = await startFurnishedHouse();
  const { alice, modern } = furnished.acme;
  const clientMetadataUrl = "https://claude.ai/oauth/claude-code-client-metadata";
  const provider = new V2Provider(alice, { clientMetadataUrl, redirectUrl: "http://localhost:51234/callback" });
  await using connected = await connectV2(modern.url, alice, { provider });
  expect(textOf(await connected.client.callTool({ name: "test_simple_text", arguments: {} }))).toMatch(/simple text/);
  const { house } = furnished;
  const rows = await withOrg(house.ownerDb, modern.org.id, (scope) => listAudit(scope, { limit: 1000, event: "call" }));
  const clients = rows.map(({ entry }) => entry.client);
  expect(new Set(clients)).toEqual(new Set([clientMetadataUrl]));
});

test("a refresh token goes on where the access token has ended, with the rights that it had", async () => {
  await using furnished = await startFurnishedHouse();
  const { alice, modern } = furnished.acme;
  const provider = new V2Provider(alice);
  await using first = await connectV2(modern.url, alice, { provider });
  await first.client.close();
  const { refresh_token, ...rest } = provider.savedTokens!;
  provider.saveTokens({ ...rest, refresh_token: refresh_token!, access_token: "ended" });
  await using again = await connectV2(modern.url, alice, { provider });
  expect(textOf(await again.client.callTool({ name: "test_simple_text", arguments: {} }))).toMatch(/simple text/);
  expect(provider.savedTokens!.scope).toBe(rest.scope);
});

test("two members of an org, and two orgs: each client's token opens its own member's endpoint and no other", async () => {
  await using furnished = await startFurnishedHouse();
  const { house, upstreams, acme } = furnished;
  const beta = await furnish(house, "beta", upstreams);
  const tokens = [];
  for (const [person, endpoint] of [
    [acme.alice, acme.modern],
    [acme.bob, acme.modern],
    [acme.alice, acme.legacy],
    [beta.alice, beta.modern],
    [beta.bob, beta.legacy],
  ] as const) {
    tokens.push({ endpoint, token: (await tokenFor(person, endpoint.url)).accessToken });
  }
  expect(new Set(tokens.map(({ token }) => token)).size).toBe(tokens.length);
  for (const { endpoint, token } of tokens) {
    for (const other of [acme.modern, acme.legacy, beta.modern, beta.legacy]) {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const body =
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}';
      const { status } = await fetch(other.url, { method: "POST", headers, body });
      expect(status === 401, `${endpoint.url} at ${other.url}`).toBe(other !== endpoint);
    }
  }
});

test("someone who is no member of the org gets no token for it, and is told no more than for an org that is not there", async () => {
  await using furnished = await startFurnishedHouse();
  const { house, acme } = furnished;
  const stranger = await house.addMember(await house.addOrg({ slug: "beta" }), { email: "eve@beta.example" });
  const provider = () => new V1Provider(stranger);
  const answers = [];
  for (const url of [
    acme.modern.url,
    acme.modern.url.replace("/acme/", "/nowhere/"),
    acme.modern.url.replace("/modern/", "/other/"),
  ]) {
    const own = provider();
    await expect(connectV1(url, stranger, { provider: own })).rejects.toThrow();
    answers.push(Object.fromEntries(own.callback!.searchParams));
  }
  for (const answer of answers) expect(answer).toMatchObject({ error: "invalid_target", iss: house.url });
  expect(new Set(answers.map(({ error_description }) => error_description)).size).toBe(1);
});
