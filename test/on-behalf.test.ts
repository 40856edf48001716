import { randomBytes, randomUUID } from "node:crypto";
import { importDescription } from "@gatehouse/connectors/openapi/import-description";
import type { Access } from "@gatehouse/credentials/access";
import { callWhoAmI } from "@gatehouse/testing/accounts/call-whoami";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { type Person, startHouse, type TestHouse, type TestHouseOptions } from "@gatehouse/testing/house";
import * as forPerson from "@gatehouse/testing/token-for";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { errors, Provider } from "oidc-provider";
import { expect, test, vi } from "vitest";
import { signIn } from "../apps/dashboard/test/signed-in.ts";

const tokenFor = async (person: Person, { url }: { url: string }) =>
  (await forPerson.tokenFor(person, url)).accessToken;

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** What anybody who has been told of Gatehouse checks an assertion by. */
const verify = (house: Pick<TestHouse, "url">, token: string, audience: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL("/oauth/jwks", house.url)), {
    ...{ issuer: house.url, audience, typ: "at+jwt", algorithms: ["ES256"] },
    requiredClaims: ["sub", "email", "org", "client_id", "jti", "exp"],
  });

async function startAcme(options: Pick<TestHouseOptions, "gateway"> = {}) {
  await using stack = new AsyncDisposableStack();
  const house = stack.use(await startHouse({ egressAllow: ["127.0.0.1"], ...options }));
  const org = await house.addOrg({ slug: "acme" });
  const [alice, bob] = await Promise.all(
    ["alice", "bob"].map((name) => house.addMember(org, { email: `${name}@acme.example` })),
  );
  const opened = stack.move();
  return { house, org, alice: alice!, bob: bob!, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const openedBy = (access: Access, secrets = {}) => ({ slug: "notes", tools: [WHO_AM_I], access, secrets });

test("an assertion tells an upstream who is calling, is for that upstream alone, and does not open Gatehouse", async () => {
  await using acme = await startAcme();
  const { house } = acme;
  const seen: string[] = [];
  await using upstream = await startWhoAmI({
    issuer: house.url,
    async whoIs(token) {
      seen.push(token);
      const { payload } = await verify(house, token, upstream.url);
      return payload.email as string;
    },
  });
  const endpoint = await house.addConnector(acme.org, { ...openedBy([{ kind: "assertion" }]), url: upstream.url });
  const tokens = await Promise.all([tokenFor(acme.alice, endpoint), tokenFor(acme.bob, endpoint)]);
  const calls = Array.from({ length: 20 }, (_, at) => callWhoAmI(endpoint.url, tokens[at % 2]!));
  const texts = (await Promise.all(calls)).map(({ text }) => text);
  const [even, odd] = [texts.filter((_, at) => at % 2 === 0), texts.filter((_, at) => at % 2 === 1)];
  expect(new Set(even)).toEqual(new Set([acme.alice.email]));
  expect(new Set(odd)).toEqual(new Set([acme.bob.email]));
  expect(new Set(seen).size).toBe(seen.length);

  const payloads = await Promise.all(seen.map(async (token) => (await verify(house, token, upstream.url)).payload));
  const payload = payloads.find(({ sub }) => sub === acme.alice.id)!;
  expect(payload).toMatchObject({ email: acme.alice.email, org: acme.org.id, org_slug: "acme" });
  expect(payload.exp! - payload.iat!).toBe(60);
  await expect(verify(house, seen[0]!, "http://elsewhere.example/mcp")).rejects.toThrow('"aud"');
  await expect(callWhoAmI(endpoint.url, seen[0]!)).rejects.toThrow();
});

/** oidc-provider, as an org has it: gives tokens for whoever Gatehouse says is calling. */
async function startExchange(house: TestHouse) {
  const asked: URLSearchParams[] = [];
  const loopback = await listenOnLoopback((req, res) => void provider.callback()(req, res));
  const provider = new Provider(loopback.origin, {
    cookies: { keys: [randomBytes(32).toString("hex")] },
    clients: [
      {
        ...{ client_id: "gatehouse", client_secret: "s3cret", grant_types: [GRANT_TYPE] },
        ...{ redirect_uris: [], response_types: [] },
      },
    ],
    ttl: { AccessToken: 3600 },
  });
  provider.registerGrantType(
    GRANT_TYPE,
    async (ctx) => {
      const { client, params } = ctx.oidc;
      asked.push(new URLSearchParams(params as Record<string, string>));
      const subject = await verify(house, String(params!.subject_token), `${loopback.origin}/token`).catch(() => {
        throw new errors.InvalidGrant("subject_token is not valid");
      });
      const accountId = subject.payload.email as string;
      const token = new provider.AccessToken({ accountId, client: client!, scope: "notes" } as never);
      ctx.oidc.entity("AccessToken", token);
      const issued = "urn:ietf:params:oauth:token-type:access_token";
      ctx.body = {
        access_token: await token.save(),
        issued_token_type: issued,
        token_type: "Bearer",
        expires_in: 3600,
      };
    },
    ["subject_token", "subject_token_type", "audience", "resource", "scope"],
  );
  return {
    asked,
    issuer: loopback.origin,
    tokenEndpoint: `${loopback.origin}/token`,
    async whoIs(token: string) {
      return (await provider.AccessToken.find(token))?.accountId ?? null;
    },
    [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose](),
  };
}

test("token exchange: each member's calls go with the token that the org's authorization server gives for them, asked for once", async () => {
  await using acme = await startAcme();
  await using exchange = await startExchange(acme.house);
  await using upstream = await startWhoAmI(exchange);
  const access: Access = [
    {
      ...{ kind: "token-exchange", tokenEndpoint: exchange.tokenEndpoint, scopes: ["notes"], audience: "notes-api" },
      authMethod: "client_secret_basic",
    },
  ];
  const secrets = { "token-exchange": { clientId: "gatehouse", clientSecret: "s3cret" } };
  const endpoint = await acme.house.addConnector(acme.org, { ...openedBy(access, secrets), url: upstream.url });
  const tokens = await Promise.all([tokenFor(acme.alice, endpoint), tokenFor(acme.bob, endpoint)]);
  const calls = Array.from({ length: 30 }, (_, at) => callWhoAmI(endpoint.url, tokens[at % 2]!));
  const texts = (await Promise.all(calls)).map(({ text }) => text);
  expect(texts).toEqual(texts.map((_, at) => [acme.alice.email, acme.bob.email][at % 2]));
  expect(exchange.asked).toHaveLength(2);
  expect(Object.fromEntries(exchange.asked[0]!)).toMatchObject({ audience: "notes-api", scope: "notes" });
  expect(upstream.authorizations.join()).not.toContain(tokens[0]);
});

test("a token that the upstream takes no longer is exchanged anew, once for all calls that were refused, and they are sent once more", async () => {
  await using acme = await startAcme();
  await using exchange = await startExchange(acme.house);
  const refused = new Set<string>();
  // Those that are refused at the same time are refused together.
  let together = { count: 1, ...Promise.withResolvers<void>() };
  async function whoIs(token: string): Promise<string | null> {
    if (!refused.has(token)) return exchange.whoIs(token);
    if (--together.count === 0) together.resolve();
    await together.promise;
    return null;
  }
  await using upstream = await startWhoAmI({ issuer: exchange.issuer, whoIs });
  const { tokenEndpoint } = exchange;
  const access: Access = [{ kind: "token-exchange", tokenEndpoint, scopes: [], authMethod: "client_secret_basic" }];
  const secrets = { "token-exchange": { clientId: "gatehouse", clientSecret: "s3cret" } };
  const endpoint = await acme.house.addConnector(acme.org, { ...openedBy(access, secrets), url: upstream.url });
  const token = await tokenFor(acme.alice, endpoint);
  const call = () => callWhoAmI(endpoint.url, token);
  const refuseAll = () => {
    for (const header of upstream.authorizations) refused.add(header?.slice("Bearer ".length) ?? "");
  };
  await call();
  refuseAll();
  // One that is this new would be refused again, and is not asked for twice.
  await expect(call()).rejects.toThrow("401");
  expect(exchange.asked).toHaveLength(1);

  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 11_000 });
  try {
    together = { count: 20, ...Promise.withResolvers<void>() };
    const answers = await Promise.all(Array.from({ length: 20 }, call));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([acme.alice.email]));
    expect(exchange.asked).toHaveLength(2);
    refuseAll();
    await expect(call()).rejects.toThrow("401");
    expect(exchange.asked).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test("so it is where the upstream is an API; and one whose answer comes to no end is given up", async () => {
  await using acme = await startAcme({ gateway: { upstreamTimeoutMs: 100 } });
  await using exchange = await startExchange(acme.house);
  const asked: string[] = [];
  await using api = await listenOnLoopback(async ({ headers, url }, response) => {
    asked.push(headers.authorization ?? "");
    if (url === "/endless") {
      response.writeHead(200, { "content-type": "application/json" });
      const trickle = setInterval(() => response.write(" "), 20);
      return void response.on("close", () => clearInterval(trickle));
    }
    response.writeHead(asked.length === 1 ? 401 : 200, { "content-type": "text/plain" });
    response.end(await exchange.whoIs(asked.at(-1)!.slice("Bearer ".length)));
  });
  const paths = {
    "/whoami": { get: { operationId: "whoami", responses: {} } },
    "/endless": { get: { operationId: "endless", responses: {} } },
  };
  const description = { openapi: "3.1.0", info: { title: "Who", version: "1" }, servers: [{ url: api.origin }], paths };
  const { tokenEndpoint } = exchange;
  const endpoint = await acme.house.addConnector(acme.org, {
    ...{ slug: "api", url: api.origin, transport: "openapi" },
    access: [{ kind: "token-exchange", tokenEndpoint, scopes: [], authMethod: "client_secret_basic" }],
    secrets: { "token-exchange": { clientId: "gatehouse", clientSecret: "s3cret" } },
    operations: importDescription(JSON.stringify(description)).tools.map(({ definition, key, binding, tags }) => ({
      ...{ name: definition.name, definition, operation: key, binding, tags, offered: true, classification: "read" },
    })),
  });
  const token = await tokenFor(acme.alice, endpoint);
  await expect(callWhoAmI(endpoint.url, token)).rejects.toThrow("401");
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 11_000 });
  asked.length = 0;
  const answer = await callWhoAmI(endpoint.url, token).finally(() => vi.useRealTimers());
  expect(answer.text).toContain(acme.alice.email);
  expect(new Set(asked).size).toBe(2);
  await expect(callWhoAmI(endpoint.url, token, "endless")).rejects.toThrow("came to no end in time");
});

test("a server that takes no such assertion, or knows no such client, is named in the call's error", async () => {
  await using acme = await startAcme();
  await using exchange = await startExchange(acme.house);
  await using upstream = await startWhoAmI(exchange);
  const { tokenEndpoint } = exchange;
  const access: Access = [{ kind: "token-exchange", tokenEndpoint, scopes: [], authMethod: "client_secret_basic" }];
  const secrets = { "token-exchange": { clientId: "gatehouse", clientSecret: randomUUID() } };
  const endpoint = await acme.house.addConnector(acme.org, { ...openedBy(access, secrets), url: upstream.url });
  const call = callWhoAmI(endpoint.url, await tokenFor(acme.alice, endpoint));
  await expect(call).rejects.toThrow(new URL(exchange.issuer).host);
  expect(upstream.authorizations).toEqual([]);
});

test("an owner registers such servers, and has them checked, as themselves", async () => {
  await using acme = await startAcme();
  const { house } = acme;
  const olive = await house.addMember(acme.org, { email: "olive@acme.example", role: "owner" });
  const send = await signIn(house, olive);
  await using exchange = await startExchange(house);
  await using exchanging = await startWhoAmI(exchange);
  const names: string[] = [];
  await using trusting = await startWhoAmI({
    issuer: house.url,
    async whoIs(token) {
      names.push((await verify(house, token, trusting.url)).payload.email as string);
      return names.at(-1)!;
    },
  });
  const register = (slug: string, url: string, more: object) =>
    send("POST", "/api/orgs/acme/connectors", { name: slug, slug, url, ...more });
  const asserted = await register("asserted", trusting.url, { access: [{ kind: "assertion" }] });
  expect(asserted.json).toMatchObject({ seen: true, tools: 1 });
  expect(new Set(names)).toEqual(new Set([olive.email]));
  const way = { kind: "token-exchange", tokenEndpoint: exchange.tokenEndpoint };
  const given = (clientSecret: string) => ({
    ...{ access: [way], secrets: { "token-exchange": { clientId: "gatehouse", clientSecret } } },
  });
  const wrong = await register("exchanged", exchanging.url, given("wrong"));
  expect(Object.keys(wrong.json.fields)).toEqual(["secrets.token-exchange.clientSecret"]);
  expect((await register("exchanged", exchanging.url, given("s3cret"))).json).toMatchObject({ seen: true, tools: 1 });
  for (const slug of ["asserted", "exchanged"]) {
    const again = await send("POST", `/api/orgs/acme/connectors/${slug}/probe`);
    expect(again.status, slug).toBe(200);
  }
});
