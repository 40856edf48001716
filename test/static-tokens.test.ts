import { startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { startReplicas } from "@gatehouse/testing/replicas";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { signIn } from "../apps/dashboard/test/signed-in.ts";

// Two gateways, and a dashboard in another process: what it does, they learn by the database alone.

async function startTwo() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startModernFixture());
  const house = stack.use(await startReplicas(2));
  const org = await house.addOrg({ slug: "acme" });
  const owner = await house.addMember(org, { email: "olive@acme.example", role: "owner" });
  const tools = (await listTools(upstream.url)).map((tool) => ({ ...tool, classification: "read" as const }));
  const endpoint = await house.addConnector(org, { slug: "tools", url: upstream.url.href, tools });
  const send = await signIn(house, owner);
  const opened = stack.move();
  return { house, endpoint, send, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

let two: Awaited<ReturnType<typeof startTwo>>;
beforeAll(async () => {
  two = await startTwo();
});
afterAll(() => two[Symbol.asyncDispose]());

const REPLICAS = [0, 1];
const FIELDS = { name: "CI", expiresInDays: 30, scopes: ["mcp:read"], connectors: ["tools"] };
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "curl", version: "1" },
};

/** At one replica and no other. */
function ask(replica: number, token: string, method: string, params: object = {}): Promise<Response> {
  two.house.proxy.only = replica;
  return fetch(two.endpoint.url, {
    method: "POST",
    headers: {
      ...{ authorization: `Bearer ${token}`, "content-type": "application/json", "mcp-method": method },
      ...{ accept: "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28" },
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: "1", method, params: { ...params, _meta: META } }),
  });
}

async function untilEach(token: string, status: number): Promise<void> {
  for (const replica of REPLICAS) {
    const look = async () => expect((await ask(replica, token, "tools/list")).status).toBe(status);
    await vi.waitFor(look, { timeout: 3000, interval: 25 });
  }
}

/** Answers when it has ended. */
async function listen(replica: number, token: string): Promise<{ ended: Promise<number> }> {
  const notifications = { toolsListChanged: true };
  const stream = await ask(replica, token, "subscriptions/listen", { notifications });
  expect(stream.status).toBe(200);
  expect(stream.headers.get("content-type")).toContain("text/event-stream");
  const ended = stream.text().then(
    () => performance.now(),
    () => performance.now(),
  );
  return { ended };
}

const WAYS: Record<string, (held: Held) => [method: string, path: string, body?: object]> = {
  "ending a token": ({ token }) => ["DELETE", `/api/orgs/acme/tokens/${token}`],
  "suspending its service account": ({ account }) => ["PATCH", account, { suspended: true }],
  "deleting its service account": ({ account }) => ["DELETE", account],
};

/** The ids in the API's addresses. */
interface Held {
  account: string;
  token: string;
}

test.for(Object.entries(WAYS))(
  "%s counts at every replica within a second, and closes what is open",
  async ([name, way]) => {
    const { send } = two;
    const created = await send("POST", "/api/orgs/acme/service-accounts", { name });
    const account = `/api/orgs/acme/service-accounts/${created.json.id}`;
    const { id, token } = (await send("POST", `${account}/tokens`, FIELDS)).json;
    await untilEach(token, 200);
    const streams = [await listen(0, token), await listen(1, token)];

    expect((await send(...way({ account, token: id }))).status).toBe(204);
    const from = performance.now();
    await untilEach(token, 401);
    expect(performance.now() - from).toBeLessThan(1000);
    for (const { ended } of streams) expect((await ended) - from).toBeLessThan(1000);
  },
);
