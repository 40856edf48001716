import { once } from "node:events";
import { watch } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Access } from "@gatehouse/credentials/access";
import { callWhoAmI } from "@gatehouse/testing/accounts/call-whoami";
import { linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { makeCertificate } from "@gatehouse/testing/certificate";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { type Endpoint, startHouse } from "@gatehouse/testing/house";
import { freePort, masterKey } from "@gatehouse/testing/services";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, inject, test } from "vitest";
import { gatehouse } from "../apps/gatehouse/test/command.ts";
import { bearer, callTool, post } from "../apps/gateway/test/client.ts";
import { startUpstream, TOOLS } from "../apps/gateway/test/upstream.ts";

// What a process still holds of a secret when nothing is under way: its heap is written out, and searched.

const canary = (what: string) => `canary-${what}-${crypto.randomUUID()}`;
const tools = [{ ...TOOLS[0]!, classification: "read" as const }];

/** Gives out tokens to whoever asks, and knows none of them. */
function startTokenEndpoint() {
  return listenOnLoopback((_request, response) => {
    const token = { access_token: canary("token"), token_type: "Bearer", expires_in: 3600 };
    const issued_token_type = "urn:ietf:params:oauth:token-type:access_token";
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ ...token, issued_token_type }));
  });
}

/** Everything in one process, which writes out what its heap holds once what nobody holds has been collected. */
async function startAlone() {
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const publicUrl = new URL(`http://localhost:${port}`);
  // For its database and its people; it serves nobody here.
  const house = stack.use(await startHouse({ apps: ["auth"], publicUrl }));
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-heap-"));
  stack.defer(() => rm(directory, { recursive: true }));
  const environment = {
    PORT: String(port),
    GATEHOUSE_MASTER_KEY: masterKey.toString("base64"),
    DATABASE_URL: house.access.url,
    REDIS_URL: inject("services").redisUrl,
    GATEHOUSE_DATA_DIR: directory,
    GATEHOUSE_EGRESS_ALLOW: "127.0.0.1,localhost",
    NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${directory}`,
  };
  const command = stack.use(gatehouse(["up"], { environment }));
  await command.says("Gatehouse is at");

  async function heap(): Promise<string> {
    const written = once(watch(directory), "change");
    command.child.kill("SIGUSR2");
    await written;
    // It answers when it has written all of it.
    await fetch(new URL("/livez", publicUrl));
    const name = (await readdir(directory)).find((name) => name.endsWith(".heapsnapshot"));
    return readFile(join(directory, name!), "utf8");
  }

  const opened = stack.move();
  return { house, heap, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("once calls are over, no opened secret is in the heap, nor any token or password of our own", async () => {
  await using stack = new AsyncDisposableStack();
  const { house, heap } = stack.use(await startAlone());
  const upstream = stack.use(await startUpstream());
  const [serverCertificate, certificate] = [makeCertificate(), makeCertificate()];
  const tls = { ...serverCertificate, requestCert: true, rejectUnauthorized: true, ca: certificate.cert };
  const closed = stack.use(await startUpstream({ tls }));
  const issuing = stack.use(await startTokenEndpoint());
  const accounts = stack.use(await startSdkServer({ mark: "canary-account-" }));
  const whoami = stack.use(await startWhoAmI(accounts));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example", password: canary("password") });

  const password = canary("basic");
  const client = { tokenEndpoint: `${issuing.origin}/token`, scopes: [], authMethod: "client_secret_basic" as const };
  const clientSecret = () => ({ clientId: "gate", clientSecret: canary("client") });
  const ways: Record<string, { url?: string; access: Access; secrets: Record<string, object> }> = {
    typed: {
      access: [
        ...[{ kind: "header", name: "X-Api-Key", template: "Token {secret}" } as const, { kind: "basic" } as const],
        ...[{ kind: "query", name: "k" } as const, { kind: "cookie", name: "sid" } as const],
      ],
      secrets: {
        ...{ "header x-api-key": { secret: canary("header") }, basic: { user: "gate", password } },
        ...{ "query k": { secret: canary("query") }, "cookie sid": { secret: canary("cookie") } },
      },
    },
    certified: {
      url: closed.url,
      access: [{ kind: "mtls" }, { kind: "bearer" }],
      secrets: {
        mtls: { certificate: certificate.cert, key: certificate.key, ca: serverCertificate.cert },
        bearer: { secret: canary("bearer") },
      },
    },
    credentials: {
      access: [{ kind: "client-credentials", ...client }],
      secrets: { "client-credentials": clientSecret() },
    },
    exchanged: { access: [{ kind: "token-exchange", ...client }], secrets: { "token-exchange": clientSecret() } },
    own: { access: [{ kind: "member-secret", instructions: "", as: { kind: "bearer" } }], secrets: {} },
    linked: { url: whoami.url, access: [{ kind: "member-oauth" }], secrets: {} },
  };
  const endpoints: Record<string, Endpoint> = {};
  for (const [slug, { url = upstream.url, ...opened }] of Object.entries(ways)) {
    endpoints[slug] = await house.addConnector(org, {
      slug,
      url,
      ...opened,
      tools: slug === "linked" ? [WHO_AM_I] : tools,
    });
  }
  const link = (slug: string, as: string) =>
    linkAccount(linkFor(house, alice, endpoints[slug]!), { person: alice, as });
  expect((await link("own", canary("own"))).text).toContain("is linked");
  expect((await link("linked", "alice")).text).toContain("is linked");

  const ours: string[] = [];
  for (const [slug, { url }] of Object.entries(endpoints)) {
    const { accessToken, refreshToken } = await tokenFor(alice, url);
    ours.push(accessToken, refreshToken);
    if (slug === "linked") continue;
    const answer = await post(url, callTool("look"), bearer(accessToken));
    expect(answer.messages[0].result?.content[0].text, `${slug} ${answer.text}`).toContain("Echo");
  }
  for (let times = 0; times < 2; times++) {
    expect(await callWhoAmI(endpoints.linked!.url, ours.at(-2)!)).toEqual({ text: "alice", isError: false });
    accounts.expireAll();
  }
  expect(accounts.refreshes).toBe(1);
  const seen = upstream.received.map(({ headers }) => headers.authorization).join();
  for (const what of ["own", "token"]) expect(seen).toContain(`canary-${what}`);

  const derived = [
    Buffer.from(`gate:${password}`).toString("base64"),
    ...certificate.key.split("\n").filter((line) => line.length > 40 && !line.startsWith("-----")),
    ...ours,
  ];
  const strings = await heap();
  expect(strings).toContain("alice@acme.example");
  expect([...new Set(strings.match(/canary-[a-z]+/g))]).toEqual([]);
  for (const secret of derived) expect(strings.includes(secret), `${secret.slice(0, 20)}…`).toBe(false);
}, 60_000);
