import { startHouse } from "@gatehouse/testing/house";
import { startReplicas } from "@gatehouse/testing/replicas";
import { masterKey } from "@gatehouse/testing/services";
import { type Tokens, tokenFor } from "@gatehouse/testing/token-for";
import { decodeProtectedHeader } from "jose";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { gatehouse } from "../apps/gatehouse/test/command.ts";
import { bearer, callTool, post } from "../apps/gateway/test/client.ts";
import { startUpstream } from "../apps/gateway/test/upstream.ts";

const ROTATIONS = 3;
const auth = { keysIntervalMs: 200 };

/** Two authorization servers and two gateways behind one address. */
async function startFour() {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream());
  const house = stack.use(await startReplicas(2, { auth }));
  const { access, vault, publicUrl, proxy } = house;
  const second = stack.use(await startHouse({ apps: ["auth"], access, vault, publicUrl, auth }));
  const authPorts = [house.port, second.port];
  let turn = 0;
  const org = await house.addOrg({ slug: "acme" });
  const tools = [{ name: "look", inputSchema: { type: "object" }, classification: "read" as const }];
  const { url } = await house.addConnector(org, { slug: "tools", url: upstream.url, tools });
  const people = await Promise.all(
    ["ada", "bob", "cy"].map((name) => house.addMember(org, { email: `${name}@acme.example` })),
  );
  const clients = await Promise.all(people.map((person) => tokenFor(person, url)));
  const opened = stack.move();
  return {
    ...{ house, url, clients },
    /** The next request goes to the other authorization server. */
    alternate: () => {
      proxy.authPort = authPorts[turn++ % 2]!;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Four = Awaited<ReturnType<typeof startFour>>;

/** As if the next key had been published an hour ago. */
async function rotate({ house }: Four): Promise<void> {
  await sql`update signing_keys set created_at = created_at - interval '1 hour'`.execute(house.ownerDb);
  const environment = { DATABASE_URL: house.access.url, GATEHOUSE_MASTER_KEY: masterKey.toString("base64") };
  await using command = gatehouse(["keys", "rotate"], { environment });
  expect(await command.ended).toBe(0);
  expect(command.output()).toMatch(/^The key \S+ signs from now on\.$/m);
}

/** Renews its token and calls with it, again and again. What does not work is told. */
async function useConstantly(four: Four, tokens: Tokens, seen: { kids: string[]; failures: string[]; done: boolean }) {
  let { accessToken, refreshToken } = tokens;
  while (!seen.done) {
    four.alternate();
    const form = { grant_type: "refresh_token", client_id: tokens.clientId, refresh_token: refreshToken };
    const answer = await fetch(`${four.house.url}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
    const json = (await answer.json()) as Record<string, string>;
    if (answer.status !== 200) seen.failures.push(`refresh ${answer.status} ${json.error}`);
    else ({ access_token: accessToken, refresh_token: refreshToken } = json as never);
    const { kid } = decodeProtectedHeader(accessToken);
    four.alternate();
    const { keys } = (await (await fetch(`${four.house.url}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
    if (!keys.some((key) => key.kid === kid)) seen.failures.push(`${kid} is not published`);
    for (const token of [accessToken, tokens.accessToken]) {
      const { status, text } = await post(four.url, callTool("look"), bearer(token));
      if (status !== 200) seen.failures.push(`call ${status} ${text}`);
    }
    seen.kids.push(kid!);
  }
}

test("keys are rotated while clients renew and call constantly, at two replicas of each: nothing fails", {
  timeout: 120_000,
}, async () => {
  await using four = await startFour();
  const seen = { kids: [] as string[], failures: [] as string[], done: false };
  const clients = four.clients.map((tokens) => useConstantly(four, tokens, seen));
  for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
    await rotate(four);
    await expect.poll(() => new Set(seen.kids).size, { timeout: 20_000 }).toBe(rotation + 1);
    // Until both authorization servers have taken over.
    await expect.poll(() => new Set(seen.kids.slice(-12)).size, { timeout: 20_000 }).toBe(1);
  }
  seen.done = true;
  await Promise.all(clients);
  expect(seen.failures).toEqual([]);
});
