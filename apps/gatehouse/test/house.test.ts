import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, BlockList } from "node:net";
import { text } from "node:stream/consumers";
import { dropDatabase } from "@gatehouse/store/databases";
import { createLogger } from "@gatehouse/telemetry/log";
import { startHouse, type TestHouse } from "@gatehouse/testing/house";
import { expect, inject, test } from "vitest";
import { type App, route } from "../src/router.ts";

/** With any header, which `fetch` does not let one have. */
async function get(house: Pick<TestHouse, "publicUrl">, path: string, headers: Record<string, string>) {
  const { port, host } = house.publicUrl;
  const sent = request({ host: "127.0.0.1", port, path, headers: { host, ...headers } });
  sent.end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

const DOCUMENTS = [
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
  "/.well-known/oauth-protected-resource/acme/tools/mcp",
];

test("a house is ready when it is open", async () => {
  await using house = await startHouse();
  for (const [path, said] of [
    ["/livez", "ok\n"],
    ["/readyz", "ready\n"],
  ]) {
    const response = await fetch(house.url + path);
    expect(await response.text()).toBe(said);
  }
});

test("a house whose database is gone lives, and is not ready", async () => {
  await using house = await startHouse();
  await dropDatabase(inject("services").postgresUrl, new URL(house.access.url).pathname.slice(1));
  expect((await fetch(`${house.url}/livez`)).status).toBe(200);
  expect((await fetch(`${house.url}/readyz`)).status).toBe(503);
});

test("people come to the dashboard by the bare address", async () => {
  await using house = await startHouse();
  const response = await fetch(house.url, { redirect: "manual" });
  expect(response.headers.get("location")).toBe("/dashboard");
});

test("a host that is not ours is refused, whatever is asked of it", async () => {
  await using house = await startHouse();
  for (const path of ["/", "/dashboard", "/api/session", "/acme/tools/mcp", "/oauth/authorize", ...DOCUMENTS]) {
    const { status, body } = await get(house, path, { host: "evil.example" });
    expect(status).toBe(400);
    expect(body).not.toContain("evil");
  }
});

test("our host in other letters, or with the port said, is ours", async () => {
  await using house = await startHouse();
  const { status } = await get(house, DOCUMENTS[0]!, { host: house.publicUrl.host.toUpperCase() });
  expect(status).toBe(200);
});

test("what a stranger says of how a request came here changes no URL", async () => {
  await using house = await startHouse();
  const lies = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "444",
    forwarded: "host=evil.example;proto=https",
  };
  for (const path of DOCUMENTS) {
    const { body } = await get(house, path, lies);
    expect(JSON.parse(body)).toEqual(JSON.parse((await get(house, path, {})).body));
    expect(body).toContain(house.url);
    expect(body).not.toMatch(/evil|https:\/\/localhost/);
  }
  const unauthorized = await get(house, "/acme/tools/mcp", lies);
  expect(unauthorized.headers["www-authenticate"]).toContain(`${house.url}/.well-known/oauth-protected-resource`);
  const login = await get(house, "/dashboard/login", lies);
  expect(login.headers.location).toMatch(new RegExp(`^${house.url}/`));
});

test("where a call comes from is said by the connection, or by a trusted proxy", async () => {
  const proxies = new BlockList();
  proxies.addAddress("127.0.0.1");
  for (const [trustedProxies, address] of [
    [undefined, "127.0.0.1"],
    [proxies, "203.0.113.7"],
  ] as const) {
    const handle: App["handle"] = ({ headers }, response) => void response.end(headers["x-forwarded-for"]);
    const gateway = { handle, async [Symbol.asyncDispose]() {} };
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const publicUrl = new URL(`http://localhost:${(server.address() as AddressInfo).port}`);
    const deps = { publicUrl, trustedProxies, apps: { gateway }, isReady: async () => true, log: createLogger() };
    server.on("request", route(deps));
    const { body } = await get({ publicUrl }, "/acme/tools/mcp", { "x-forwarded-for": "203.0.113.7" });
    expect(body).toBe(address);
    server.close();
  }
});

test("an open house closes though a client hangs on", async () => {
  const house = await startHouse({ redis: true });
  const { port } = house.publicUrl;
  const hanging = request({
    host: "127.0.0.1",
    port,
    path: "/livez",
    method: "POST",
    headers: { "content-length": 10 },
  });
  hanging.on("error", () => {});
  hanging.write("half");
  await once(hanging, "socket");
  const startedAt = performance.now();
  await house[Symbol.asyncDispose]();
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
