import { expect, test } from "vitest";
import { bearer, callTool, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { sendJson, startUpstream } from "./upstream.ts";

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

test("whoever calls too fast gets a 429 that says whose limit it is and when it ends; others go on", async () => {
  await using upstream = await startUpstream();
  const limits = { member: { points: 3, seconds: 60 }, org: { points: 5, seconds: 60 } };
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
  expect(limited.messages[0]).toMatchObject({ id: "x", error: { code: 429, data: { limit: "member" } } });
  expect(answers[6]!.messages[0].error.data.limit).toBe("org");
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
    .toContain("was given for another address");
  expect(elsewhere.received).toEqual([]);
});
