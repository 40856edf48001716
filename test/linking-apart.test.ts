import type { Way } from "@gatehouse/credentials/access";
import type { AccountServer } from "@gatehouse/testing/accounts/account-server";
import { callWhoAmI } from "@gatehouse/testing/accounts/call-whoami";
import { type Browser, linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { startNodeOAuthServer } from "@gatehouse/testing/accounts/node-oauth-server";
import { startOidcServer } from "@gatehouse/testing/accounts/oidc-server";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { type Endpoint, type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, test } from "vitest";
import { signIn as signInToDashboard } from "../apps/dashboard/test/signed-in.ts";

// Three authorization servers of different makers, two orgs, three members each: all linked, all calling at once.

const APP = { clientId: "gatehouse at acme", clientSecret: "s3cret: with / odd & characters" };

async function startUpstreams() {
  await using stack = new AsyncDisposableStack();
  const redirectUris: string[] = [];
  const byHand = stack.use(
    await startNodeOAuthServer({ clientId: "gatehouse", clientSecret: APP.clientSecret, redirectUris }),
  );
  const sdk = stack.use(await startSdkServer());
  const oidc = stack.use(await startOidcServer());
  const { authorizationEndpoint, tokenEndpoint } = byHand;
  const server = { authorizationEndpoint, tokenEndpoint };
  const named: [string, AccountServer, Way][] = [
    ["sdk", sdk, { kind: "member-oauth" }],
    ["oidc", oidc, { kind: "member-oauth" }],
    ["by-hand", byHand, { kind: "member-oauth", server, scopes: ["all"] }],
  ];
  const upstreams = [];
  for (const [slug, accounts, way] of named) {
    const silent = slug === "by-hand";
    upstreams.push({ slug, accounts, way, server: stack.use(await startWhoAmI(accounts, { silent })) });
  }
  const opened = stack.move();
  return { upstreams, redirectUris, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

interface Caller {
  person: Person;
  endpoint: Endpoint;
  token: string;
  /** Who they are upstream. */
  as: string;
}

const call = ({ endpoint, token }: Caller) => callWhoAmI(endpoint.url, token);

async function furnish(house: TestHouse, slug: string, started: Awaited<ReturnType<typeof startUpstreams>>) {
  const org = await house.addOrg({ slug });
  const owner = await house.addMember(org, { email: `owner@${slug}.example`, role: "owner" });
  const send = await signInToDashboard(house, owner);
  const callers: Caller[] = [];
  const people: Person[] = [];
  const browsers = new Map<Person, Browser>();
  for (const name of ["alice", "bob", "carol"])
    people.push(await house.addMember(org, { email: `${name}@${slug}.example` }));
  for (const person of people) browsers.set(person, new Map());
  for (const { slug: connector, way, server } of started.upstreams) {
    const access = [way];
    const endpoint = await house.addConnector(org, { slug: connector, url: server.url, tools: [WHO_AM_I], access });
    if (connector === "by-hand") {
      const linked = await send("GET", `/api/orgs/${slug}/connectors/by-hand/linked`);
      started.redirectUris.push(linked.json.redirectUri);
      const app = { clientId: "gatehouse", clientSecret: APP.clientSecret };
      expect(await send("PUT", `/api/orgs/${slug}/connectors/by-hand/linked/app`, app)).toMatchObject({ status: 204 });
    }
    for (const person of people) {
      const as = `${person.email.split("@")[0]} of ${slug}`;
      const page = await linkAccount(linkFor(house, person, endpoint), { person, as, browser: browsers.get(person)! });
      expect(page.text, `${page.url} ${connector}`).toContain("is linked");
      callers.push({ person, endpoint, as, token: (await tokenFor(person, endpoint.url)).accessToken });
    }
  }
  return { org, owner, send, callers };
}

async function startFurnished() {
  await using stack = new AsyncDisposableStack();
  const started = stack.use(await startUpstreams());
  const hosts = started.upstreams.map(({ accounts }) => new URL(accounts.issuer).host);
  const house = stack.use(await startHouse({ egressAllow: hosts }));
  const acme = await furnish(house, "acme", started);
  const globex = await furnish(house, "globex", started);
  const opened = stack.move();
  return { ...started, house, acme, globex, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("every answer is the caller's own; who unlinks is alone in being left out; an owner sees who has linked", async () => {
  await using furnished = await startFurnished();
  const { acme, globex, upstreams } = furnished;
  const callers = [...acme.callers, ...globex.callers];
  const calls = Array.from({ length: 306 }, (_, index) => callers[index % callers.length]!);
  const answers = await Promise.all(calls.map(call));
  expect(answers.map(({ text }) => text)).toEqual(calls.map(({ as }) => as));

  const [alice] = acme.callers;
  const asAlice = await signInToDashboard(furnished.house, alice!.person);
  expect(await asAlice("DELETE", "/api/orgs/acme/links/sdk")).toMatchObject({ status: 204 });
  await expect.poll(async () => (await call(alice!)).isError, { timeout: 3000 }).toBe(true);
  const others = callers.filter((caller) => caller !== alice);
  expect((await Promise.all(others.map(call))).map(({ text }) => text)).toEqual(others.map(({ as }) => as));
  const sdk = upstreams.find(({ slug }) => slug === "sdk")!;
  await expect.poll(() => sdk.accounts.revoked.length, { timeout: 5000 }).toBe(1);

  const { json } = await acme.send("GET", "/api/orgs/acme/connectors/oidc/linked");
  expect(json.people.map(({ email }: { email: string }) => email)).toEqual(
    ["alice", "bob", "carol"].map((name) => `${name}@acme.example`),
  );
  expect(json.people[0]).toMatchObject({ status: "live", scopes: ["notes:read"] });
  const secrets = upstreams.flatMap(({ server }) => server.authorizations.map((value) => value?.slice(7) ?? "none"));
  for (const secret of secrets) expect(JSON.stringify(json)).not.toContain(secret);
}, 120_000);
