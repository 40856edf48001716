import { findConnector, updateEras } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { sendJson, startUpstream } from "./upstream.ts";

const VERSION = "io.modelcontextprotocol/protocolVersion";

test("the owner's classification decides what mcp:read opens, whatever the upstream says of itself", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("tools/list", (received, response) => {
    const tools = ["look", "change"].map((name) => ({
      name,
      inputSchema: { type: "object" },
      annotations: { readOnlyHint: true },
    }));
    sendJson(response, { jsonrpc: "2.0", id: received.body.id, result: { resultType: "complete", tools } });
  });
  const readOnly = bearer(await small.house.tokenFor(small.alice, small.endpoint, { claims: { scope: "mcp:read" } }));
  expect((await post(small.endpoint.url, modern("tools/list"), readOnly)).status).toBe(200);
  expect((await post(small.endpoint.url, callTool("look"), readOnly)).status).toBe(200);
  const refused = await post(small.endpoint.url, callTool("change"), readOnly);
  expect(refused.status).toBe(403);
  expect(refused.headers.get("www-authenticate")).toMatch(
    /^Bearer error="insufficient_scope", scope="mcp:read mcp:write", resource_metadata="http/,
  );
  expect(refused.messages[0]).toMatchObject({
    id: 1,
    error: { code: 403, message: expect.stringContaining("mcp:write") },
  });
});

test("methods that nobody knows are writes, and pass to who may write", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const readOnly = bearer(await small.house.tokenFor(small.alice, small.endpoint, { claims: { scope: "mcp:read" } }));
  expect((await post(small.endpoint.url, modern("acme/launch"), readOnly)).status).toBe(403);
  expect((await post(small.endpoint.url, modern("acme/launch", { odd: [1] }), bearer(small.token))).status).toBe(200);
  expect(upstream.received.at(-1)!.body).toMatchObject({ method: "acme/launch", params: { odd: [1] } });
});

test("a token without any scope opens nothing of the org's", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const none = bearer(await small.house.tokenFor(small.alice, small.endpoint, { claims: { scope: "" } }));
  expect((await post(small.endpoint.url, modern("server/discover"), none)).status).toBe(200);
  const refused = await post(small.endpoint.url, modern("tools/list"), none);
  expect(refused.headers.get("www-authenticate")).toContain('scope="mcp:read"');
});

async function turnModernOff({ house, org, endpoint }: Awaited<ReturnType<typeof startSmallHouse>>): Promise<void> {
  await withOrg(house.owner, org.id, async (scope) => {
    const connector = await findConnector(scope, endpoint.id);
    await updateEras(scope, endpoint.id, { ...connector!, clientEras: "legacy" });
  });
}

test.each([
  ["a call", callTool("look"), {}],
  ["server/discover", modern("server/discover"), {}],
  ["contradictory headers", callTool("look"), { "mcp-method": "tools/list" }],
  ["no version in the headers", { message: callTool("look").message }, {}],
  ["a version nobody knows", modern("tools/list", {}, { meta: { [VERSION]: "2031-01-01" } }), {}],
  ["a version nobody knows, in headers too", callTool("look"), { "mcp-protocol-version": "2031-01-01" }],
])(
  "with the modern era turned off, %s is told to open with initialize, in no code of that era",
  async (_, said, more) => {
    await using upstream = await startUpstream();
    await using small = await startSmallHouse(upstream, { era: "legacy" });
    await turnModernOff(small);
    const answer = await post(small.endpoint.url, said, { ...bearer(small.token), ...more });
    expect(answer.status).toBe(400);
    expect(answer.messages[0]).toMatchObject({
      id: 1,
      error: { code: -32600, message: expect.stringContaining("open with initialize") },
    });
    expect(upstream.received).toEqual([]);
  },
);

test("with the modern era turned off, a legacy session goes on, also where its calls carry the modern envelope", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { era: "legacy" });
  await turnModernOff(small);
  const session = await initialize(small.endpoint.url, small.token);
  for (const said of [legacyCall("look"), { message: callTool("look").message }]) {
    const answer = await post(small.endpoint.url, said, session);
    expect(answer.messages.at(-1)).toMatchObject({ id: 1, result: { content: expect.anything() } });
  }
  const newer = await post(small.endpoint.url, legacyCall("look"), {
    ...session,
    "mcp-protocol-version": "2031-01-01",
  });
  expect(newer.messages[0].error.data.supported).not.toContain("2026-07-28");
});

test("whoever calls too fast gets a 429 that says whose limit it is and when it ends; others go on", async () => {
  await using upstream = await startUpstream();
  const limits = { member: { callsPerMinute: 3 }, org: { callsPerMinute: 5 } };
  await using small = await startSmallHouse(upstream, { limits });
  const bob = await small.house.addMember(small.org, "bob@acme.example");
  const asBob = bearer(await small.house.tokenFor(bob, small.endpoint));
  const asAlice = bearer(small.token);
  const answers = [];
  for (const who of [asAlice, asAlice, asAlice, asAlice, asBob, asBob, asBob]) {
    answers.push(await post(small.endpoint.url, callTool("look", {}, { id: "x" }), who));
  }
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 200, 200, 429]);
  const limited = answers[3]!;
  expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(limited.messages[0]).toMatchObject({
    id: "x",
    error: { code: 429, data: { limit: "callsPerMinute", max: 3, whose: "member" } },
  });
  expect(answers[6]!.messages[0].error.data).toMatchObject({ limit: "callsPerMinute", whose: "org" });
});

test("parameters that a tool mirrors are checked against the body, and made anew for the upstream", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const definition = {
    name: "query",
    inputSchema: { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } },
  };
  const tools = [{ name: "query", definition, classification: "read" as const, offered: true }];
  const endpoint = await small.house.addConnector(small.org, "db", upstream, { tools });
  const token = bearer(await small.house.tokenFor(small.alice, endpoint));
  const call = callTool("query", { region: "größe" });
  const encoded = `=?base64?${Buffer.from("größe").toString("base64")}?=`;
  expect((await post(endpoint.url, call, token)).messages[0].error.code).toBe(-32020);
  expect((await post(endpoint.url, call, { ...token, "mcp-param-region": "eu" })).messages[0].error.code).toBe(-32020);
  const passed = await post(endpoint.url, call, { ...token, "mcp-param-region": encoded, "mcp-param-stray": "x" });
  expect(passed.status).toBe(200);
  expect(upstream.received.at(-1)!.headers).toMatchObject({ "mcp-param-region": encoded });
  expect(upstream.received.at(-1)!.headers["mcp-param-stray"]).toBeUndefined();
});

test("a credential that was given for another origin is not sent there", async () => {
  await using upstream = await startUpstream();
  await using elsewhere = await startUpstream();
  await using small = await startSmallHouse(upstream, { bearer: "secret" });
  await small.house.owner
    .updateTable("connectors")
    .set({ url: elsewhere.url, egress_exception: elsewhere.host })
    .where("id", "=", small.endpoint.id)
    .execute();
  await expect
    .poll(async () => (await post(small.endpoint.url, callTool("look"), bearer(small.token))).text)
    .toContain("needs a credential");
  expect(elsewhere.received).toEqual([]);
});
