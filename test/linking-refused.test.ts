import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as after } from "node:timers/promises";
import { KNOWN_SERVICES } from "@gatehouse/oauth/client/known-services";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { putUpstreamClient, type UpstreamClient } from "@gatehouse/store/upstream-clients";
import { type Browser, linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { type SdkServerOptions, startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { startHouse } from "@gatehouse/testing/house";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";

// What upstreams and other members may do, and what is kept of it: nothing.

const OPERATORS = { github: { clientId: "the operator's", clientSecret: "canary" } };

type House = Awaited<ReturnType<typeof startHouse>>;

async function startRefusingHouse() {
  await using stack = new AsyncDisposableStack();
  const house = stack.use(await startHouse({ egressAllow: ["127.0.0.1"], operatorClients: OPERATORS }));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const bob = await house.addMember(org, { email: "bob@acme.example" });
  const opened = stack.move();
  return { house, org, alice, bob, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

let started: Awaited<ReturnType<typeof startRefusingHouse>>;
beforeAll(async () => {
  started = await startRefusingHouse();
});
afterAll(() => started[Symbol.asyncDispose]());

let connectors = 0;
async function addConnector(url: string) {
  const access = [{ kind: "member-oauth" as const }];
  return started.house.addConnector(started.org, { slug: `upstream-${++connectors}`, url, tools: [WHO_AM_I], access });
}

const countOf = async (house: House, table: string) =>
  (await sql`select 1 from ${sql.table(table)}`.execute(house.ownerDb)).rows.length;

async function reasons() {
  const { house, org } = started;
  const rows = await withOrg(house.ownerDb, org.id, (scope) => listAudit(scope, { limit: 100, event: "link.failed" }));
  return rows.map(({ entry }) => String(entry.reason));
}

const json = (res: ServerResponse, value: unknown, status = 200) =>
  void res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));

type Origin = string;
type Answers = (origin: Origin) => Record<string, (req: IncomingMessage, res: ServerResponse) => unknown>;

/** An MCP server and its authorization server on one origin. */
async function startHostile(answers: Answers) {
  const loopback = await listenOnLoopback(async (req, res) => {
    const path = req.url!.split("?", 1)[0]!;
    const { origin } = loopback;
    const metadata = {
      ...{ issuer: origin, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` },
      ...{ registration_endpoint: `${origin}/register`, code_challenge_methods_supported: ["S256"] },
    };
    const normal: ReturnType<Answers> = {
      "/.well-known/oauth-authorization-server": (_req, res) => json(res, metadata),
      "/register": (_req, res) => json(res, { client_id: "gatehouse", client_secret: "s", redirect_uris: [] }, 201),
      "/authorize"(req, res) {
        const asked = new URL(req.url!, origin).searchParams;
        const back = new URL(asked.get("redirect_uri")!);
        back.search = String(new URLSearchParams({ code: "code", state: asked.get("state")! }));
        res.writeHead(302, { location: back.href }).end();
      },
      "/token": (_req, res) => json(res, { access_token: "token", token_type: "bearer" }),
    };
    const answer = { ...normal, ...answers(origin) }[path];
    if (answer) await answer(req, res);
    else res.writeHead(path === "/mcp" ? 401 : 404).end();
  });
  return loopback;
}

const HUGE = "x".repeat(1024 * 1024);

test.each<[string, RegExp, Answers]>([
  [
    "garbage for metadata",
    /sent an answer that is not JSON/,
    () => ({
      "/.well-known/oauth-authorization-server": (_req, res) =>
        void res.writeHead(200, { "content-type": "application/json" }).end("<html>"),
    }),
  ],
  [
    "metadata of another issuer",
    /says that it is another authorization server/,
    () => ({
      "/.well-known/oauth-authorization-server": (_req, res) =>
        json(res, {
          issuer: "https://honest.example",
          authorization_endpoint: "https://honest.example/a",
          token_endpoint: "https://honest.example/t",
        }),
    }),
  ],
  [
    "a javascript: address to sign in at",
    /no web address that can be used: "javascript:alert\(1\)"/,
    (origin) => ({
      "/.well-known/oauth-authorization-server": (_req, res) =>
        json(res, {
          issuer: origin,
          authorization_endpoint: "javascript:alert(1)",
          token_endpoint: `${origin}/token`,
          code_challenge_methods_supported: ["S256"],
        }),
    }),
  ],
  [
    "a file to sign in at",
    /no web address that can be used: "file:\/\/\/etc\/passwd"/,
    (origin) => ({
      "/.well-known/oauth-authorization-server": (_req, res) =>
        json(res, {
          issuer: origin,
          authorization_endpoint: "file:///etc/passwd",
          token_endpoint: `${origin}/token`,
          code_challenge_methods_supported: ["S256"],
        }),
    }),
  ],
  [
    "an address with what a shell would take",
    /no web address that can be used/,
    (origin) => ({
      "/.well-known/oauth-authorization-server": (_req, res) =>
        json(res, {
          issuer: origin,
          authorization_endpoint: `${origin}/$(touch x)`,
          token_endpoint: `${origin}/token`,
          code_challenge_methods_supported: ["S256"],
        }),
    }),
  ],
  [
    "a redirect loop",
    /sends on to another address|not followed|answered HTTP 302/,
    (origin) => ({
      "/.well-known/oauth-authorization-server": (_req, res) =>
        void res.writeHead(302, { location: `${origin}/.well-known/oauth-authorization-server` }).end(),
    }),
  ],
  [
    "a hundred megabytes",
    /sent more than|bytes/,
    () => ({
      async "/.well-known/oauth-authorization-server"(_req, res) {
        res.on("error", () => {}).writeHead(200, { "content-type": "application/json" });
        for (let sent = 0; sent < 100 && !res.destroyed; sent++) {
          res.write(HUGE);
          await after(1);
        }
        res.end();
      },
    }),
  ],
  ["nothing at all", /did not answer in time/, () => ({ "/.well-known/oauth-authorization-server": () => {} })],
  [
    "no PKCE",
    /does not say that it supports PKCE/,
    (origin) => ({
      "/.well-known/oauth-authorization-server": (_req, res) =>
        json(res, { issuer: origin, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` }),
    }),
  ],
  [
    "garbage for tokens",
    /not what OAuth says|not JSON/,
    () => ({ "/token": (_req, res) => json(res, { token: "what?" }) }),
  ],
  [
    "an error for tokens",
    /refused: the code is not liked/,
    () => ({
      "/token": (_req, res) => json(res, { error: "invalid_grant", error_description: "the code is not liked" }, 400),
    }),
  ],
  [
    "an answer that names another issuer",
    /another authorization server/,
    () => ({
      "/authorize"(req, res) {
        const asked = new URL(req.url!, "http://x").searchParams;
        const back = new URL(asked.get("redirect_uri")!);
        back.search = String(
          new URLSearchParams({ code: "code", state: asked.get("state")!, iss: "https://evil.example" }),
        );
        res.writeHead(302, { location: back.href }).end();
      },
    }),
  ],
  [
    "that the member declined",
    /refused: /,
    () => ({
      "/authorize"(req, res) {
        const asked = new URL(req.url!, "http://x").searchParams;
        const back = new URL(asked.get("redirect_uri")!);
        back.search = String(new URLSearchParams({ error: "access_denied", state: asked.get("state")! }));
        res.writeHead(302, { location: back.href }).end();
      },
    }),
  ],
])(
  "an upstream that answers %s: the member and the audit log are told what it did, and nothing is kept",
  async (_, reason, answers) => {
    const { house, alice } = started;
    await using hostile = await startHostile(answers);
    const endpoint = await addConnector(`${hostile.origin}/mcp`);
    const before = (await reasons()).length;
    const page = await linkAccount(linkFor(house, alice, endpoint), { person: alice, as: "alice" });
    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(page.text).toContain('role="alert"');
    const told = await reasons();
    expect(told).toHaveLength(before + 1);
    expect(told[0]).toMatch(reason);
    expect(await countOf(house, "credentials")).toBe(0);
  },
  30_000,
);

async function startGood(options: SdkServerOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const accounts = stack.use(await startSdkServer(options));
  const upstream = stack.use(await startWhoAmI(accounts));
  const endpoint = await addConnector(upstream.url);
  const opened = stack.move();
  return { accounts, endpoint, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("fewer scopes than asked, and no way to renew: it is linked, and the member is told what will not work", async () => {
  const { house, alice } = started;
  await using good = await startGood({ grant: () => [], givesRefreshTokens: false });
  const page = await linkAccount(linkFor(house, alice, good.endpoint), { person: alice, as: "alice" });
  expect(page.text).toContain("is linked");
  expect(page.text).toMatch(/granted less than was asked for. Not granted: notes:read/);
  expect(page.text).toMatch(/gave no way to renew the link/);
  await sql`delete from credentials`.execute(house.ownerDb);
});

/** As far as the answer that the upstream sends the member back with. */
async function answerOf(good: Awaited<ReturnType<typeof startGood>>, browser: Browser) {
  const { house, alice } = started;
  const isEnd = (url: URL) => url.pathname.startsWith("/connect/callback/");
  const page = await linkAccount(linkFor(house, alice, good.endpoint), { person: alice, as: "alice", browser, isEnd });
  return new URL(page.url);
}

test("an answer without its state, with another's, in another browser, as another member, or for another connector links nothing", async () => {
  const { house, alice, bob } = started;
  await using good = await startGood();
  await using other = await startGood();
  const alices: Browser = new Map();
  const answer = await answerOf(good, alices);
  const changed = (change: (url: URL) => void) => {
    const url = new URL(answer);
    change(url);
    return url;
  };
  const bobs: Browser = new Map();
  await linkAccount(`${house.url}/dashboard/login`, { person: bob, as: "bob", browser: bobs });
  const bobInAlicesBrowser: Browser = new Map([
    [house.url, new Map([...alices.get(house.url)!, ...bobs.get(house.url)!])],
  ]);
  const elsewhere: Browser = new Map();
  await linkAccount(`${house.url}/dashboard/login`, { person: alice, as: "alice", browser: elsewhere });
  const attempts: [URL, Browser][] = [
    [changed((url) => url.searchParams.delete("state")), alices],
    [changed((url) => url.searchParams.set("state", "made-up")), alices],
    [answer, elsewhere],
    [
      changed((url) => {
        url.pathname = `/connect/callback/${other.endpoint.id}`;
      }),
      bobs,
    ],
  ];
  for (const [url, browser] of attempts) {
    const page = await linkAccount(url, { person: alice, as: "alice", browser });
    expect(page.status, page.url).toBe(400);
  }
  const page = await linkAccount(answer, { person: bob, as: "alice", browser: bobInAlicesBrowser });
  expect(page.status).toBe(400);
  expect(await countOf(house, "credentials")).toBe(0);
});

test("an answer serves once", async () => {
  const { house, alice } = started;
  await using good = await startGood();
  const browser: Browser = new Map();
  const answer = await answerOf(good, browser);
  expect((await linkAccount(answer, { person: alice, as: "alice", browser })).text).toContain("is linked");
  expect((await linkAccount(answer, { person: alice, as: "alice", browser })).status).toBe(400);
  await sql`delete from credentials`.execute(house.ownerDb);
});

test("a link that was made for another member opens for nobody else", async () => {
  const { house, alice, bob } = started;
  await using good = await startGood();
  const page = await linkAccount(linkFor(house, alice, good.endpoint), { person: bob, as: "bob" });
  expect(page).toMatchObject({ status: 403, text: expect.stringContaining("made for another member") });
  const unmarked = linkFor(house, alice, good.endpoint).split("?")[0]!;
  expect((await linkAccount(unmarked, { person: alice, as: "alice" })).status).toBe(403);
});

test("the document that says who Gatehouse is names one redirect URI, and says nothing of which connectors there are", async () => {
  const { house } = started;
  const id = "0198c0de-0000-7000-8000-000000000000";
  const document = await (await fetch(`${house.url}/connect/client-metadata/${id}`)).json();
  expect(document).toMatchObject({
    client_id: `${house.url}/connect/client-metadata/${id}`,
    redirect_uris: [`${house.url}/connect/callback/${id}`],
    token_endpoint_auth_method: "none",
  });
});

test("an OAuth client of the operator's is not used at an upstream that is not the service's own", async () => {
  const { house, org, alice } = started;
  await using hostile = await startHostile(() => ({}));
  const access = [{ kind: "member-oauth" as const, service: "github" }];
  const url = `${hostile.origin}/mcp`;
  const endpoint = await house.addConnector(org, { slug: "not-github", url, tools: [WHO_AM_I], access });
  const page = await linkAccount(linkFor(house, alice, endpoint), { person: alice, as: "alice" });
  expect(page).toMatchObject({ status: 422, text: expect.stringContaining("has no OAuth app to ask with") });
  const own = await house.addConnector(org, {
    slug: "github",
    url: "https://api.github.com",
    tools: [WHO_AM_I],
    access,
  });
  const isEnd = (url: URL) => url.hostname === "github.com";
  const left = new URL((await linkAccount(linkFor(house, alice, own), { person: alice, as: "alice", isEnd })).url);
  expect(left.searchParams.get("client_id")).toBe("the operator's");
});

test("an OAuth client of the operator's is not shown to a server that an owner named before it was", async () => {
  const { house, org, alice } = started;
  const sent: string[] = [];
  await using hostile = await startHostile(() => ({
    async "/token"(req, res) {
      sent.push(String(req.headers.authorization), Buffer.concat(await Array.fromAsync(req)).toString());
      json(res, { access_token: "token", token_type: "bearer" });
    },
  }));
  const { origin } = hostile;
  const server = { authorizationEndpoint: `${origin}/authorize`, tokenEndpoint: `${origin}/token` };
  const access = [{ kind: "member-oauth" as const, server }];
  const endpoint = await house.addConnector(org, { slug: "turned", url: `${origin}/mcp`, tools: [WHO_AM_I], access });
  const app = { connectorId: endpoint.id, clientId: OPERATORS.github.clientId, upstreamOrigin: origin } as const;
  const same = { ...app, authMethod: "client_secret_post" as const, resource: null, scopes: [], sealed: null };
  const named = { issuer: origin, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` };
  const put = (client: Pick<UpstreamClient, "registration" | "server">) =>
    withOrg(house.ownerDb, org.id, (scope) => putUpstreamClient(scope, { ...same, ...client }));
  await put({ registration: "given", server: named });
  const isEnd = (url: URL) => url.pathname.startsWith("/connect/callback/");
  const alices = { person: alice, as: "alice", browser: new Map() };
  const { url } = await linkAccount(linkFor(house, alice, endpoint), { ...alices, isEnd });
  // Meanwhile the owner has chosen the service in place of the server, and somebody has looked at the page.
  await put({ registration: "operator", server: { ...KNOWN_SERVICES.github!.server } });
  expect((await linkAccount(url, alices)).status).toBe(400);
  expect(sent.join()).not.toContain("canary");
});
