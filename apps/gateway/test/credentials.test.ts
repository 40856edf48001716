import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Access } from "@gatehouse/credentials/access";
import { openEgress } from "@gatehouse/egress/egress";
import { openState } from "@gatehouse/state/state";
import { createLogger } from "@gatehouse/telemetry/log";
import { makeCertificate } from "@gatehouse/testing/certificate";
import { keysFrom } from "@gatehouse/testing/vault";
import { openVault } from "@gatehouse/vault/vault";
import { Redis } from "ioredis";
import { sql } from "kysely";
import { expect, inject, test } from "vitest";
import { startGateway } from "../src/gateway.ts";
import { bearer, callTool, modern, post } from "./client.ts";
import { type GatewayHouse, startGatewayHouse } from "./house.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

type Secrets = Record<string, object>;

/** One org, one member, and a connector that is opened so. */
async function startOpened(
  upstream: Pick<Upstream, "url" | "host">,
  {
    access,
    secrets,
    ...options
  }: { access: Access; secrets: Secrets } & Omit<Parameters<typeof startGatewayHouse>[0] & object, "access">,
) {
  const house = await startGatewayHouse(options);
  const org = await house.addOrg("acme");
  const alice = await house.addMember(org, "alice@acme.example");
  const endpoint = await house.addConnector(org, "tools", upstream, { access, secrets });
  const token = await house.tokenFor(alice, endpoint);
  const call = () => post(endpoint.url, callTool("look"), bearer(token));
  return { house, org, alice, endpoint, token, call, [Symbol.asyncDispose]: () => house[Symbol.asyncDispose]() };
}

const last = ({ received }: Upstream) => received.at(-1)!;
const header = { kind: "header", name: "X-Api-Key", template: "Token {secret}" } as const;

const WAYS: [string, Access, Secrets, Record<string, string>, string][] = [
  ["nothing", [], {}, {}, "/mcp"],
  [
    "a bearer token",
    [{ kind: "bearer" }],
    { bearer: { secret: "s3cret" } },
    { authorization: "Bearer s3cret" },
    "/mcp",
  ],
  ["a header", [header], { "header x-api-key": { secret: "$&s3cret" } }, { "x-api-key": "Token $&s3cret" }, "/mcp"],
  [
    "a user name and password",
    [{ kind: "basic" }],
    { basic: { user: "jürgen", password: "pa:ss" } },
    { authorization: `Basic ${Buffer.from("jürgen:pa:ss").toString("base64")}` },
    "/mcp",
  ],
  [
    "a query parameter",
    [{ kind: "query", name: "api_key" }],
    { "query api_key": { secret: "a&b" } },
    {},
    "/mcp?api_key=a%26b",
  ],
  ["a cookie", [{ kind: "cookie", name: "sid" }], { "cookie sid": { secret: "abc" } }, { cookie: "sid=abc" }, "/mcp"],
  [
    "several of them",
    [
      header,
      { kind: "query", name: "k" },
      { kind: "cookie", name: "a" },
      { kind: "cookie", name: "b" },
      { kind: "bearer" },
    ],
    {
      "header x-api-key": { secret: "1" },
      "query k": { secret: "2" },
      "cookie a": { secret: "3" },
      "cookie b": { secret: "4" },
      bearer: { secret: "5" },
    },
    { "x-api-key": "Token 1", cookie: "a=3; b=4", authorization: "Bearer 5" },
    "/mcp?k=2",
  ],
];

test.each(WAYS)("an upstream is opened by %s, and by nothing else", async (_, access, secrets, expected, path) => {
  await using upstream = await startUpstream();
  await using opened = await startOpened(upstream, { access, secrets });
  expect((await opened.call()).status).toBe(200);
  const { headers, path: asked } = last(upstream);
  expect(asked).toBe(path);
  const { authorization, cookie, "x-api-key": key } = headers;
  expect(JSON.parse(JSON.stringify({ authorization, cookie, "x-api-key": key }))).toEqual(expected);
});

test("a connector whose credential is missing sends nothing, and says who can enter it", async () => {
  await using upstream = await startUpstream();
  await using opened = await startOpened(upstream, { access: [{ kind: "bearer" }], secrets: {} });
  expect((await opened.call()).text).toContain("An owner can enter it");
  expect(upstream.received).toEqual([]);
});

test("mutual TLS: a server that demands a certificate is shown the org's, and gets nothing without", async () => {
  const [server, client] = [makeCertificate(), makeCertificate()];
  const tls = { ...server, requestCert: true, rejectUnauthorized: true, ca: client.cert };
  await using upstream = await startUpstream({ tls });
  const access: Access = [{ kind: "mtls" }, { kind: "bearer" }];
  const mtls = { certificate: client.cert, key: client.key, ca: server.cert };
  await using opened = await startOpened(upstream, { access, secrets: { mtls, bearer: { secret: "both" } } });
  const { house, org, alice } = opened;
  const stranger = makeCertificate();
  const wrong = {
    "wrong-client": { certificate: stranger.cert, key: stranger.key, ca: server.cert },
    "wrong-server": { ...mtls, ca: stranger.cert },
  };
  const endpoints = Object.entries(wrong).map(([slug, given]) =>
    house.addConnector(org, slug, upstream, { access: [{ kind: "mtls" }], secrets: { mtls: given } }),
  );
  const refused = await Promise.all(endpoints);
  expect((await opened.call()).status).toBe(200);
  expect(last(upstream).headers.authorization).toBe("Bearer both");
  const count = upstream.received.length;
  for (const endpoint of refused) {
    const answer = await post(endpoint.url, callTool("look"), bearer(await house.tokenFor(alice, endpoint)));
    expect(answer.messages[0].error.message, endpoint.slug).toMatch(/certificate|connection/);
  }
  expect(upstream.received).toHaveLength(count);
});

/** RFC 6749 §4.4; each token lives for `seconds`. */
async function startTokenEndpoint(seconds: number) {
  const asked: { authorization: string | undefined; body: URLSearchParams }[] = [];
  const server: Server = createServer(async (request, response) => {
    asked.push({ authorization: request.headers.authorization, body: new URLSearchParams(await text(request)) });
    const token = { access_token: `token-${asked.length}`, token_type: "Bearer", expires_in: seconds };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(token));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ asked, host, url: `http://${host}/token` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Another gateway on the same database. */
async function startReplica(house: GatewayHouse, allow: string[]) {
  const egress = openEgress({ allow, ownOrigins: [house.publicUrl] });
  const state = await openState({ redisUrl: inject("services").redisUrl });
  const log = createLogger({ level: "silent" });
  const { publicUrl, access, vault } = house;
  const gateway = await startGateway({ publicUrl, access, vault, egress, state, log });
  const server = createServer((request, response) => gateway.handle(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await gateway[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
      await egress[Symbol.asyncDispose]();
    },
  };
}

test("client credentials: 50 calls at two replicas that need a token ask for one, and all use it", async () => {
  await using upstream = await startUpstream();
  await using tokens = await startTokenEndpoint(3600);
  const way: Access[number] = {
    kind: "client-credentials",
    tokenEndpoint: tokens.url,
    scopes: ["a", "b"],
    authMethod: "client_secret_basic",
  };
  const egress = openEgress({ allow: [tokens.host], ownOrigins: [] });
  const secrets = { "client-credentials": { clientId: "gate", clientSecret: "s3cret" } };
  await using opened = await startOpened(upstream, { access: [way], secrets, egress });
  await using other = await startReplica(opened.house, [tokens.host]);
  const elsewhere = opened.endpoint.url.replace(opened.house.publicUrl.origin, other.origin);
  const calls = Array.from({ length: 50 }, (_, at) =>
    post(at % 2 ? elsewhere : opened.endpoint.url, callTool("look"), bearer(opened.token)),
  );
  for (const answer of await Promise.all(calls)) expect(answer.status).toBe(200);
  expect(tokens.asked).toHaveLength(1);
  expect(tokens.asked[0]!.authorization).toBe(`Basic ${Buffer.from("gate:s3cret").toString("base64")}`);
  expect(Object.fromEntries(tokens.asked[0]!.body)).toEqual({ grant_type: "client_credentials", scope: "a b" });
  expect(new Set(upstream.received.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer token-1"]));
  await egress[Symbol.asyncDispose]();
}, 30_000);

test("a token that is about to end is replaced ahead of time, while calls go on with it", async () => {
  await using upstream = await startUpstream();
  await using tokens = await startTokenEndpoint(30);
  const way: Access[number] = {
    kind: "client-credentials",
    tokenEndpoint: tokens.url,
    scopes: [],
    authMethod: "client_secret_post",
  };
  const egress = openEgress({ allow: [tokens.host], ownOrigins: [] });
  const secrets = { "client-credentials": { clientId: "gate", clientSecret: "s3cret" } };
  await using opened = await startOpened(upstream, { access: [way], secrets, egress });
  await opened.call();
  await opened.call();
  await expect.poll(() => tokens.asked.length).toBe(2);
  expect(tokens.asked[1]!.body.get("client_secret")).toBe("s3cret");
  expect(upstream.received.map(({ headers }) => headers.authorization)).toEqual(["Bearer token-1", "Bearer token-1"]);
  await egress[Symbol.asyncDispose]();
});

test("a client's token that the upstream refuses is replaced once, and a read is sent again; one that is new is not", async () => {
  await using upstream = await startUpstream();
  await using tokens = await startTokenEndpoint(3600);
  const way: Access[number] = {
    kind: "client-credentials",
    tokenEndpoint: tokens.url,
    scopes: [],
    authMethod: "client_secret_basic",
  };
  const egress = openEgress({ allow: [tokens.host], ownOrigins: [] });
  const secrets = { "client-credentials": { clientId: "gate", clientSecret: "s3cret" } };
  await using opened = await startOpened(upstream, { access: [way], secrets, egress });
  const list = () => post(opened.endpoint.url, modern("tools/list"), bearer(opened.token));
  expect((await list()).status).toBe(200);
  await sql`update credentials set last_refreshed_at = now() - interval '1 minute', sealed = sealed`.execute(
    opened.house.owner,
  );
  upstream.on("tools/list", ({ headers, body }, response) => {
    if (headers.authorization === "Bearer token-1") return void response.writeHead(401).end();
    const result = { resultType: "complete", tools: [], ttlMs: 0, cacheScope: "private" };
    const answer = JSON.stringify({ jsonrpc: "2.0", id: body.id, result });
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
  await expect.poll(async () => (await list()).messages[0]?.result?.tools, { timeout: 15_000 }).toEqual([]);
  expect(tokens.asked).toHaveLength(2);
  upstream.on("tools/list", (_received, response) => void response.writeHead(401).end());
  expect((await list()).text).toContain("401");
  expect(tokens.asked).toHaveLength(2);
  await egress[Symbol.asyncDispose]();
});

/** A secret of each kind, none of which may be found anywhere in clear, however it is written. */
function canaries() {
  const one = (what: string) => `canary-${what}-${randomBytes(6).toString("hex")}`;
  const secrets = {
    "header x-api-key": { secret: one("header") },
    "query k": { secret: one("query") },
    "cookie sid": { secret: one("cookie") },
    basic: { user: "gate", password: one("password") },
  };
  const access: Access = [header, { kind: "query", name: "k" }, { kind: "cookie", name: "sid" }, { kind: "basic" }];
  return { secrets, access, found: (places: string) => places.match(/canary-[a-z]+/g) };
}

const encodings = (secret: string) => [
  secret,
  Buffer.from(secret).toString("hex"),
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  Buffer.from(`gate:${secret}`).toString("base64"),
];

async function dumpDatabase({ owner }: GatewayHouse): Promise<string> {
  const { rows } = await sql<{
    text: string;
  }>`select query_to_xml('select * from ' || quote_ident(tablename), true, true, '')::text as text
    from pg_tables where schemaname = 'public'`.execute(owner);
  return rows.map(({ text }) => text).join("\n");
}

async function dumpRedis(): Promise<string> {
  const redis = new Redis(inject("services").redisUrl);
  const keys = await redis.keys("*");
  const values = await Promise.all(keys.map(async (key) => (await redis.dumpBuffer(key))?.toString("latin1")));
  await redis.quit();
  return [...keys, ...values].join("\n");
}

test("no secret is in clear in a log, an error, an audit row, the database or Redis; also where the upstream fails", async () => {
  await using upstream = await startUpstream();
  const { secrets, access } = canaries();
  const state = await openState({ redisUrl: inject("services").redisUrl });
  await using opened = await startOpened(upstream, { access, secrets, state });
  const answers = [await opened.call()];
  expect(upstream.received).toHaveLength(1);
  upstream.on("tools/call", (_received, response) => void response.writeHead(401).end());
  answers.push(await opened.call());
  upstream.on("tools/call", (_received, response) => void response.destroy());
  answers.push(await opened.call());
  const redirect = { location: "http://127.0.0.1:1/" };
  upstream.on("tools/call", (_received, response) => void response.writeHead(307, redirect).end());
  answers.push(await opened.call());
  // The one that broke off, a read, was sent once more.
  expect(upstream.received).toHaveLength(5);

  const said = [...answers.map(({ text, headers }) => text + JSON.stringify([...headers])), ...opened.house.logged];
  const places = [...said, await dumpDatabase(opened.house), await dumpRedis()].join("\n");
  expect(places).toContain("acme");
  for (const secret of Object.values(secrets).map((given) => Object.values(given).at(-1)!)) {
    for (const written of encodings(secret)) expect(places.includes(written), secret).toBe(false);
  }
});

/** Everything that can be read of a house from outside of its processes' memory, and what its clients were told. */
async function everythingOf(house: GatewayHouse, answers: { text: string }[]): Promise<string> {
  return [...answers.map(({ text }) => text), ...house.logged, await dumpDatabase(house), await dumpRedis()].join("\n");
}

test("a client's secret, and its token, are in clear nowhere either", async () => {
  await using upstream = await startUpstream();
  await using tokens = await startTokenEndpoint(3600);
  const { url: tokenEndpoint } = tokens;
  const access: Access = [{ kind: "client-credentials", tokenEndpoint, scopes: [], authMethod: "client_secret_post" }];
  const clientSecret = `canary-client-${randomBytes(6).toString("hex")}`;
  const secrets = { "client-credentials": { clientId: "gate", clientSecret } };
  const egress = openEgress({ allow: [tokens.host], ownOrigins: [] });
  const state = await openState({ redisUrl: inject("services").redisUrl });
  await using opened = await startOpened(upstream, { access, secrets, egress, state });
  const answers = [await opened.call()];
  expect(last(upstream).headers.authorization).toBe("Bearer token-1");
  upstream.on("tools/call", (_received, response) => void response.writeHead(401).end());
  answers.push(await opened.call());
  const places = await everythingOf(opened.house, answers);
  for (const secret of [...encodings(clientSecret), "token-1"]) expect(places.includes(secret), secret).toBe(false);
  await egress[Symbol.asyncDispose]();
});

test("a certificate's key is in clear nowhere either", async () => {
  const [server, client] = [makeCertificate(), makeCertificate()];
  const tls = { ...server, requestCert: true, rejectUnauthorized: true, ca: client.cert };
  await using upstream = await startUpstream({ tls });
  const mtls = { certificate: client.cert, key: client.key, ca: server.cert };
  await using opened = await startOpened(upstream, { access: [{ kind: "mtls" }], secrets: { mtls } });
  const answers = [await opened.call()];
  expect(upstream.received).toHaveLength(1);
  const keyLines = client.key.split("\n").filter((line) => line.length > 40 && !line.startsWith("-----"));
  expect(keyLines.length).toBeGreaterThan(0);
  const places = await everythingOf(opened.house, answers);
  for (const line of keyLines) expect(places.includes(line)).toBe(false);
});

test("no upstream gets the client's token, another connector's credential, or one after a redirect to it", async () => {
  await using upstream = await startUpstream();
  await using canary = await startUpstream();
  await using opened = await startOpened(upstream, {
    access: [{ kind: "bearer" }],
    secrets: { bearer: { secret: "of-tools" } },
  });
  const { house, org, alice, token } = opened;
  const own = { access: [{ kind: "bearer" }] as Access, secrets: { bearer: { secret: "of-canary" } } };
  const endpoint = await house.addConnector(org, "canary", canary, own);
  const canaryToken = await house.tokenFor(alice, endpoint);
  upstream.on("tools/call", (_received, response) => void response.writeHead(307, { location: canary.url }).end());
  await opened.call();
  expect(canary.received).toEqual([]);
  await Promise.all(
    Array.from({ length: 20 }, () => [opened.call(), post(endpoint.url, callTool("look"), bearer(canaryToken))]).flat(),
  );
  expect(canary.received).toHaveLength(20);
  const seen = JSON.stringify(canary.received);
  for (const foreign of ["of-tools", token, canaryToken]) expect(seen).not.toContain(foreign);
});

test("a dump of the database, alone, opens nothing", async () => {
  await using upstream = await startUpstream();
  const { secrets, access } = canaries();
  await using opened = await startOpened(upstream, { access, secrets });
  const { owner } = opened.house;
  const rows = await owner.selectFrom("credentials").selectAll().execute();
  const keys = await owner.selectFrom("data_keys").selectAll().execute();
  expect(rows).toHaveLength(4);
  const dataKeys = {
    find: async (holder: string) => {
      const row = keys.find((key) => key.holder === holder);
      return row ? { holder, masterKeyId: row.master_key_id, wrapped: row.wrapped } : null;
    },
    insert: async () => {},
    destroy: async () => {},
  };
  const thief = openVault({ ...keysFrom("a guess"), dataKeys });
  for (const { org_id: org, id, version, sealed } of rows) {
    await expect(thief.open({ org, row: `credentials/${id}`, version }, sealed!)).rejects.toThrow(/master key/);
  }
});

test("an upstream that trickles on is given up in the end, though it is never silent for long", async () => {
  await using upstream = await startUpstream();
  await using opened = await startOpened(upstream, { access: [], secrets: {}, upstreamTimeoutMs: 100 });
  let trickle: NodeJS.Timeout | undefined;
  upstream.on("tools/call", (_received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    trickle = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(trickle));
  });
  expect((await opened.call()).text).toContain("came to no end in time");
  clearInterval(trickle);
});
