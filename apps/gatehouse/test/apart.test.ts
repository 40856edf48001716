import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request as send } from "node:http";
import { join } from "node:path";
import { startHouse } from "@gatehouse/testing/house";
import { signIn, visit } from "@gatehouse/testing/sign-in";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, inject, test } from "vitest";
import { type Command, gatehouse } from "./command.ts";

const MASTER_KEY = Buffer.alloc(32, "test").toString("base64");
const APPS = ["auth", "gateway", "dashboard"] as const;

/** By the paths that the proxy of docker-compose.yml goes by. */
const caddyfile = await readFile(join(import.meta.dirname, "../../../infra/Caddyfile"), "utf8");
const patterns = (app: string): RegExp[] =>
  (new RegExp(`@${app} path (.+)`).exec(caddyfile)?.[1] ?? "").split(" ").map(asPattern);

function asPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replace("*", ".*")}$`);
}

/** A least reverse proxy, which keeps `Host`. */
async function startProxy(ports: Map<string, number>) {
  const server = createServer((request, response) => {
    const path = request.url!.split("?")[0]!;
    const app = ["auth", "dashboard"].find((name) => patterns(name).some((pattern) => pattern.test(path))) ?? "gateway";
    const { method, headers } = request;
    const onward = send({ host: "127.0.0.1", port: ports.get(app), path: request.url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `http://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function portOf(command: Command): Promise<number> {
  const output = await command.says(/"port":\d+/);
  return Number(/"port":(\d+)/.exec(output)?.[1]);
}

test("three processes behind one origin are one house", { timeout: 60_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const ports = new Map<string, number>();
  const proxy = stack.use(await startProxy(ports));
  // For its database and its people; it serves nobody here.
  const house = stack.use(await startHouse({ apps: ["auth"] }));
  const databaseUrl = new URL(house.access.url);
  databaseUrl.username = "";
  databaseUrl.password = "";
  const environment = {
    PUBLIC_URL: proxy.url,
    GATEHOUSE_MASTER_KEY: MASTER_KEY,
    DATABASE_URL: databaseUrl.href,
    REDIS_URL: inject("services").redisUrl,
  };
  async function serve(app: string, more = {}): Promise<void> {
    const command = stack.use(gatehouse(["serve", app], { environment: { ...environment, ...more } }));
    ports.set(app, await portOf(command));
  }
  await Promise.all([serve("auth"), serve("gateway")]);
  await serve("dashboard", { GATEHOUSE_ISSUER_CONNECT_URL: `http://127.0.0.1:${ports.get("auth")}` });
  for (const app of APPS) expect((await fetch(`http://127.0.0.1:${ports.get(app)}/readyz`)).status).toBe(200);

  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example", role: "owner" });
  const endpoint = await house.addConnector(org, { slug: "tools", url: "http://127.0.0.1:1/mcp" });
  const { pathname } = new URL(endpoint.url);
  const { accessToken } = await tokenFor(alice, proxy.url + pathname);
  const refused = await fetch(proxy.url + pathname, { method: "POST" });
  expect(refused.status).toBe(401);
  const headers = { authorization: `Bearer ${accessToken}`, "content-type": "application/json" };
  const answered = await fetch(proxy.url + pathname, { method: "POST", headers, body: "not JSON" });
  expect(answered.status).toBe(400);

  const cookies = new Map<string, string>();
  const entrance = new URL("/dashboard/login", proxy.url);
  await signIn(entrance, alice, { cookies, isEnd: ({ pathname }) => pathname === "/dashboard" });
  const session = await visit(new URL("/api/session", proxy.url), cookies);
  expect(await session.json()).toMatchObject({ user: { email: alice.email } });
});
