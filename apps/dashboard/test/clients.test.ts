import { createHash, randomBytes } from "node:crypto";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import { type Endpoint, type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { type CookieJar, filledIn, setAll, visit } from "@gatehouse/testing/sign-in";
import { tokenFor } from "@gatehouse/testing/token-for";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Send, signIn } from "./signed-in.ts";

let house: TestHouse;
let acme: Org;
let owner: Send;
let max: Person;
let endpoint: Endpoint;
let elsewhere: Endpoint;
let stranger: Send;

const CLIENTS = "/api/orgs/acme/clients";
const OWN = "/api/orgs/acme/own-clients";
const CALLBACK = "https://app.example/callback";

beforeAll(async () => {
  house = await startHouse({ smtpUrl: undefined });
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  const other = await house.addOrg({ slug: "other", name: "Other" });
  owner = await signIn(house, await house.addMember(acme, { email: "olive@acme.example", role: "owner" }));
  await house.addMember(acme, { email: "adam@acme.example", role: "admin" });
  max = await house.addMember(acme, { email: "max@acme.example" });
  const oscar = await house.addMember(other, { email: "oscar@other.example", role: "owner" });
  await house.addMember(other, { email: "olga@other.example" });
  stranger = await signIn(house, oscar);
  const url = "https://mcp.example.com/mcp";
  endpoint = await house.addConnector(acme, { slug: "everything", url });
  elsewhere = await house.addConnector(other, { slug: "everything", url });
});
afterAll(() => house?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await owner("PUT", `${CLIENTS}/policy`, { policy: "any", confirmed: true });
  await sql`delete from client_hosts`.execute(house.ownerDb);
  await sql`delete from mails`.execute(house.ownerDb);
  house.mails.length = 0;
});

async function register(metadata: Record<string, unknown> = {}) {
  const answer = await fetch(`${house.url}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Notes", redirect_uris: [CALLBACK], ...metadata }),
  });
  return ((await answer.json()) as { client_id: string }).client_id;
}

const VERIFIER = randomBytes(32).toString("base64url");

function authorizationUrl(clientId: string, { resource = endpoint.url, redirectUri = CALLBACK } = {}): URL {
  const url = new URL("/oauth/authorize", house.url);
  const parameters = {
    ...{ client_id: clientId, response_type: "code", redirect_uri: redirectUri, resource, state: "s" },
    code_challenge: createHash("sha256").update(VERIFIER).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** Goes on until a page comes that asks something, or the browser is sent to the client. */
async function go(
  url: URL,
  cookies: CookieJar,
  form?: URLSearchParams,
): Promise<{ url: URL; page: string; status: number }> {
  const answer = await visit(url, cookies, form);
  const page = await answer.text();
  const location = answer.headers.get("location");
  if (!location) return { url, page, status: answer.status };
  const next = new URL(location, url);
  return next.origin === house.url ? go(next, cookies) : { url: next, page: "", status: answer.status };
}

/** With what is hidden in the form, and the scopes that are ticked. */
function submit({ url, page }: { url: URL; page: string }, cookies: CookieJar, fields: Record<string, string>) {
  const form = filledIn(page);
  setAll(form, fields);
  return go(url, cookies, form);
}

/** As far as a member gets by signing in: consent, or the page that says why not. */
async function arrive(person: Person, clientId: string, where = {}) {
  const cookies: CookieJar = new Map();
  const { email, password } = person;
  const form = await go(authorizationUrl(clientId, where), cookies);
  if (!form.page.includes('name="email"')) return { ...form, cookies };
  return { ...(await submit(form, cookies, { email, password, way: "password" })), cookies };
}

const isConsent = ({ page }: { page: string }) => page.includes('name="decision"');

interface Authentication {
  headers?: Record<string, string>;
  secret?: string;
}

async function connect(person: Person, clientId: string, authentication: Authentication = {}) {
  const arrived = await arrive(person, clientId);
  const { url } = isConsent(arrived) ? await submit(arrived, arrived.cookies, { decision: "approve" }) : arrived;
  const code = url.searchParams.get("code")!;
  return redeem(clientId, code, authentication);
}

async function redeem(clientId: string, code: string, { headers, secret }: Authentication) {
  const form = { grant_type: "authorization_code", code, redirect_uri: CALLBACK, code_verifier: VERIFIER };
  const inForm = { client_id: clientId, ...(secret ? { client_secret: secret } : {}) };
  const body = new URLSearchParams({ ...form, ...(headers ? {} : inForm) });
  const answer = await fetch(`${house.url}/oauth/token`, { method: "POST", body, headers: headers ?? {} });
  return { status: answer.status, json: (await answer.json()) as Record<string, string> };
}

async function refresh(clientId: string, refreshToken: string) {
  const body = new URLSearchParams({ grant_type: "refresh_token", client_id: clientId, refresh_token: refreshToken });
  const answer = await fetch(`${house.url}/oauth/token`, { method: "POST", body });
  return ((await answer.json()) as { error?: string }).error;
}

/** Whether the gateway lets a token in, whatever the upstream then says. */
async function isLetIn(accessToken: string): Promise<boolean> {
  const message = { jsonrpc: "2.0", id: 1, method: "ping" };
  const answer = await fetch(endpoint.url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${accessToken}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify(message),
  });
  await answer.body?.cancel();
  return answer.status !== 401;
}

const decisionOn = (identity: string) => `${CLIENTS}/${encodeURIComponent(identity)}/decision`;
const readClients = async () => (await owner("GET", CLIENTS)).json;
const listOwn = async () => (await owner("GET", OWN)).json.clients as { id: string; etag: string }[];

async function find(name: string) {
  const found = [false, true].map((waiting) => owner("GET", `${CLIENTS}/known?search=${name}&waiting=${waiting}`));
  const clients = (await Promise.all(found)).flatMap(({ json }) => json.clients);
  return clients.find((client: { name: string }) => client.name === name);
}

/** Once so many have been sent. */
async function mails(count: number) {
  await vi.waitFor(() => expect(house.mails).toHaveLength(count), { timeout: 10_000 });
  return house.mails.splice(0);
}

const events = async () =>
  (await withOrg(house.ownerDb, acme.id, (org) => listAudit(org, { limit: 50 }))).map(({ event }) => event);

test("a client in use is seen with its name, what vouches for it, its members and its last use", async () => {
  await connect(max, await register({ client_name: "Seen" }));
  expect(await find("Seen")).toMatchObject({
    ...{ registration: "dynamic", host: "app.example", decision: null, standing: "allowed", members: 1 },
    requestedBy: [],
  });
});

test("blocking a client ends what it has, at the gateway within a second, and for good", async () => {
  const clientId = await register({ client_name: "Blocked" });
  const { json: tokens } = await connect(max, clientId);
  expect(await isLetIn(tokens.access_token!)).toBe(true);
  const { identity } = await find("Blocked");
  expect((await owner("PUT", decisionOn(identity), { decision: "blocked" })).status).toBe(204);
  await expect.poll(() => isLetIn(tokens.access_token!), { timeout: 1000, interval: 50 }).toBe(false);
  expect(await refresh(clientId, tokens.refresh_token!)).toBe("invalid_grant");
  const page = await arrive(max, clientId);
  expect(page.page).toContain("Blocked is blocked at Acme");
  expect(page.page).not.toContain('value="ask"');
  const again = await arrive(max, await register({ client_name: "Blocked" }));
  expect(again.page, "registered anew").toContain("Blocked is blocked at Acme");
  expect(await events()).toEqual(expect.arrayContaining(["client.blocked", "grant.revoked"]));
  await owner("PUT", decisionOn(identity), { decision: null });
  expect(await refresh(clientId, tokens.refresh_token!)).toBe("invalid_grant");
  expect(isConsent(await arrive(max, clientId))).toBe(true);
});

test("a decision, the list and a client of one's own are changed as they were seen, or not at all", async () => {
  const url = "https://app.example/its-document.json";
  await owner("POST", `${CLIENTS}/list`, { entry: url });
  const { etag, identity } = await find("app.example");
  const decide = (decision: string | null) => owner("PUT", decisionOn(identity), { decision }, { "if-match": etag });
  expect(identity).toBe(url);
  expect((await owner("GET", decisionOn(url))).headers.get("etag")).toBe(etag);
  expect([(await decide("blocked")).status, (await decide(null)).status]).toEqual([204, 412]);

  const seen = { "if-match": (await owner("GET", CLIENTS)).headers.get("etag")! };
  for (const entry of ["one.example", "two.example"]) await owner("POST", `${CLIENTS}/list`, { entry });
  expect((await owner("DELETE", `${CLIENTS}/list`, { host: "one.example" }, seen)).status).toBe(412);

  const own = { name: "Seen own", redirectUris: [CALLBACK], tokenEndpointAuthMethod: "client_secret_basic" };
  const { id } = (await owner("POST", OWN, own)).json;
  const asSeen = { "if-match": (await listOwn()).find((client) => client.id === id)!.etag };
  expect((await owner("POST", `${OWN}/${id}/secret`, undefined, asSeen)).status).toBe(200);
  expect((await owner("DELETE", `${OWN}/${id}`, undefined, asSeen)).status).toBe(412);
});

test("a client that is blocked after its code was issued gets no token for it", async () => {
  const clientId = await register({ client_name: "Late" });
  const consent = await arrive(max, clientId);
  const { url } = await submit(consent, consent.cookies, { decision: "approve" });
  const { identity } = await find("Late");
  await owner("PUT", decisionOn(identity), { decision: "blocked" });
  const { status, json } = await redeem(clientId, url.searchParams.get("code")!, {});
  expect([status, json.error]).toEqual([400, "invalid_grant"]);
});

test("a member asks for a client that is not allowed; once an admin approves it, they go on where they were", async () => {
  await owner("PUT", `${CLIENTS}/policy`, { policy: "approved", confirmed: true });
  const clientId = await register({ client_name: "Wanted" });
  const refused = await arrive(max, clientId);
  expect(refused.page).toContain("Wanted is not allowed at Acme");
  expect(await events()).toContain("client.refused");
  const asked = await submit(refused, refused.cookies, { answer: "ask" });
  expect(asked.page).toContain("have been asked");
  await submit(asked, refused.cookies, { answer: "ask" });
  const sent = await mails(2);
  expect(sent.map(({ to }) => to).sort()).toEqual(["adam@acme.example", "olive@acme.example"]);
  expect(sent[0]!.text).toContain(`${house.url}/dashboard/acme/settings`);
  const waiting = await find("Wanted");
  expect(waiting).toMatchObject({ standing: "not_allowed", requestedBy: ["max@acme.example"] });
  const { identity } = waiting;
  await owner("PUT", decisionOn(identity), { decision: "allowed" });
  expect((await mails(1)).map(({ to, subject }) => [to, subject])).toEqual([
    ["max@acme.example", "Wanted is now allowed at Acme"],
  ]);
  const on = await submit(asked, refused.cookies, { answer: "again" });
  expect(isConsent(on)).toBe(true);
  expect(await find("Wanted")).toMatchObject({ requestedBy: [], standing: "allowed" });
  // The same software registers itself once more: nobody has to be asked again.
  expect(isConsent(await arrive(max, await register({ client_name: "Wanted" })))).toBe(true);
  expect(
    isConsent(
      await arrive(max, await register({ client_name: "Wanted", redirect_uris: [CALLBACK, "https://evil.example/"] })),
    ),
  ).toBe(false);
});

test("a member waits for twenty answers at most, also where many are asked for at once", async () => {
  await owner("PUT", `${CLIENTS}/policy`, { policy: "approved", confirmed: true });
  const waiting = () =>
    sql<{ count: number }>`select count(*)::int as count from client_requests where user_id = ${max.id}`
      .execute(house.ownerDb)
      .then(({ rows }) => rows[0]!.count);
  await sql`delete from client_requests where user_id = ${max.id}`.execute(house.ownerDb);
  await sql`insert into clients (org_id, identity, registration, name)
    select ${acme.id}, 'nth ' || nth, 'dynamic', 'Nth' from generate_series(1, 19) nth`.execute(house.ownerDb);
  await sql`insert into client_requests (org_id, identity, user_id)
    select org_id, identity, ${max.id} from clients where name = 'Nth'`.execute(house.ownerDb);
  const refused: Awaited<ReturnType<typeof arrive>>[] = [];
  for (const nth of [1, 2, 3]) refused.push(await arrive(max, await register({ client_name: `One more ${nth}` })));
  const ask = (one: (typeof refused)[number]) => submit(one, one.cookies, { answer: "ask" });
  const pages = await Promise.all(refused.map(ask));
  expect(pages.filter(({ status }) => status === 409)).toHaveLength(2);
  expect(await waiting()).toBe(20);
});

test("a member who does not want to ask is sent back to the client, with an error", async () => {
  await owner("PUT", `${CLIENTS}/policy`, { policy: "approved", confirmed: true });
  const refused = await arrive(max, await register({ client_name: "Unwanted" }));
  const { url } = await submit(refused, refused.cookies, { answer: "back" });
  expect(url.origin + url.pathname).toBe(CALLBACK);
  expect(Object.fromEntries(url.searchParams)).toMatchObject({ error: "access_denied", state: "s", iss: house.url });
});

test("what is asked for by a client that hides HTML in its name is shown as text", async () => {
  await owner("PUT", `${CLIENTS}/policy`, { policy: "approved", confirmed: true });
  const { page } = await arrive(max, await register({ client_name: "<script>alert(1)</script>" }));
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt; is not allowed");
  expect(page).not.toContain("<script>");
});

describe("only apps on a list", () => {
  beforeEach(async () => {
    await owner("PUT", `${CLIENTS}/policy`, { policy: "listed", confirmed: true });
  });

  test.each([
    ["app.example", CALLBACK, true],
    ["APP.example", CALLBACK, true],
    ["example", CALLBACK, false],
    ["evil.example", CALLBACK, false],
    ["localhost", "http://127.0.0.1:3118/callback", true],
    ["app.example", "http://localhost/callback", false],
    ["app.example", "cursor://app.example/callback", false],
  ])("with %s on it, a client that sends people to %s: %s", async (host, redirectUri, allowed) => {
    const answer = await owner("POST", `${CLIENTS}/list`, { entry: host });
    expect(answer.status, answer.text).toBe(204);
    const clientId = await register({ client_name: `List ${host}`, redirect_uris: [redirectUri] });
    expect(isConsent(await arrive(max, clientId, { redirectUri }))).toBe(allowed);
  });

  test("a client that sends people also elsewhere is none of its host's", async () => {
    await owner("POST", `${CLIENTS}/list`, { entry: "app.example" });
    const clientId = await register({ redirect_uris: [CALLBACK, "https://evil.example/callback"] });
    expect(isConsent(await arrive(max, clientId))).toBe(false);
  });

  test("a client that publishes its document is on it by its host or by its URL", async () => {
    const clientId = "https://claude.ai/oauth/mcp-oauth-client-metadata";
    const where = { redirectUri: "https://claude.ai/api/mcp/auth_callback" };
    expect(isConsent(await arrive(max, clientId, where))).toBe(false);
    await owner("POST", `${CLIENTS}/list`, { entry: "claude.ai" });
    expect(isConsent(await arrive(max, clientId, where))).toBe(true);
    await owner("DELETE", `${CLIENTS}/list`, { host: "claude.ai" });
    expect(isConsent(await arrive(max, clientId, where))).toBe(false);
    await owner("POST", `${CLIENTS}/list`, { entry: clientId });
    expect(isConsent(await arrive(max, clientId, where))).toBe(true);
  });

  test("where an admin approves one by one, a host on the list is not enough", async () => {
    await owner("POST", `${CLIENTS}/list`, { entry: "app.example" });
    const clientId = await register({ client_name: "One by one" });
    expect(isConsent(await arrive(max, clientId))).toBe(true);
    await owner("PUT", `${CLIENTS}/policy`, { policy: "approved", confirmed: true });
    expect(isConsent(await arrive(max, clientId))).toBe(false);
  });
});

test("a change that disconnects somebody is refused until it is confirmed, and says whom", async () => {
  const clientId = await register({ client_name: "Popular" });
  const { json: tokens } = await connect(max, clientId);
  const refused = await owner("PUT", `${CLIENTS}/policy`, { policy: "approved" });
  expect(refused.status).toBe(409);
  expect(refused.json.detail).toContain("Popular");
  expect((await readClients()).policy).toBe("any");
  expect(await isLetIn(tokens.access_token!)).toBe(true);
  expect((await owner("PUT", `${CLIENTS}/policy`, { policy: "approved", confirmed: true })).status).toBe(204);
  await expect.poll(() => isLetIn(tokens.access_token!), { timeout: 1000, interval: 50 }).toBe(false);
  expect(await refresh(clientId, tokens.refresh_token!)).toBe("invalid_grant");
});

describe("a client that is registered by hand", () => {
  const fields = { name: "Batch", redirectUris: [CALLBACK], tokenEndpointAuthMethod: "client_secret_basic" };
  const basic = (id: string, secret: string) => ({
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
  });

  test("proves to be itself by the secret that was shown once, which is stored nowhere", async () => {
    const { status, json } = await owner("POST", OWN, fields);
    expect(status).toBe(201);
    const { id, secret } = json;
    expect(secret).toMatch(/^[\w-]{43}$/);
    const wrong = await connect(max, id, basic(id, `${secret}x`));
    expect([wrong.status, wrong.json.error]).toEqual([401, "invalid_client"]);
    expect((await connect(max, id, basic(id, secret))).status).toBe(200);
    const listed = (await listOwn()).find((client) => client.id === id);
    expect(listed).toMatchObject({ name: "Batch", tokenEndpointAuthMethod: "client_secret_basic" });
    const { rows } = await sql`select row_to_json(c)::text as row from own_clients c`.execute(house.ownerDb);
    expect(JSON.stringify([rows, await listOwn(), house.log])).not.toContain(secret);
  });

  test("the hash of its secret is no secret", async () => {
    const { id, secret } = (await owner("POST", OWN, { ...fields, tokenEndpointAuthMethod: "client_secret_post" }))
      .json;
    const hash = createHash("sha256").update(secret).digest("base64url");
    expect((await connect(max, id, { secret: hash })).status).toBe(401);
    expect((await connect(max, id, { secret: `sha256:${hash}` })).status).toBe(401);
    expect((await connect(max, id, { secret })).status).toBe(200);
  });

  test("gets a new secret, and the old one is dead; its members stay connected", async () => {
    const { id, secret } = (await owner("POST", OWN, fields)).json;
    const { json: tokens } = await connect(max, id, basic(id, secret));
    const replaced = await owner("POST", `${OWN}/${id}/secret`);
    expect(replaced.json.secret).not.toBe(secret);
    const renew = async (by: string) => {
      const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: tokens.refresh_token! });
      return (await fetch(`${house.url}/oauth/token`, { method: "POST", body, ...basic(id, by) })).status;
    };
    expect(await renew(secret)).toBe(401);
    expect(await renew(replaced.json.secret)).toBe(200);
  });

  test("a public one has no secret, and none to replace", async () => {
    const { id, secret } = (await owner("POST", OWN, { ...fields, tokenEndpointAuthMethod: "none" })).json;
    expect(secret).toBeNull();
    expect((await connect(max, id)).status).toBe(200);
    expect((await owner("POST", `${OWN}/${id}/secret`)).status).toBe(404);
  });

  test("opens its own org's endpoints alone, for whoever is a member of several", async () => {
    const { id } = (await owner("POST", OWN, fields)).json;
    const olga = { email: "olga@other.example", password: max.password, id: "" };
    const { url } = await arrive(olga, id, { resource: elsewhere.url });
    expect(url.searchParams.get("error")).toBe("invalid_target");
  });

  test("is allowed whatever the policy, until it is blocked", async () => {
    await owner("PUT", `${CLIENTS}/policy`, { policy: "approved", confirmed: true });
    const { id } = (await owner("POST", OWN, fields)).json;
    expect(isConsent(await arrive(max, id))).toBe(true);
    await owner("PUT", decisionOn(id), { decision: "blocked" });
    expect(isConsent(await arrive(max, id))).toBe(false);
  });

  test("once it is deleted, what it had is dead and nobody knows it", async () => {
    const { id, secret } = (await owner("POST", OWN, fields)).json;
    const { json: tokens } = await connect(max, id, basic(id, secret));
    expect((await owner("DELETE", `${OWN}/${id}`)).status).toBe(204);
    await expect.poll(() => isLetIn(tokens.access_token!), { timeout: 1000, interval: 50 }).toBe(false);
    const { status, page } = await arrive(max, id);
    expect([status, page.includes("not known here")]).toEqual([400, true]);
  });

  test.each([
    [{ name: " " }, "name"],
    [{ name: "Claude\u202e" }, "name"],
    [{ name: "x".repeat(101) }, "name"],
    [{ redirectUris: [] }, "redirectUris"],
    [{ redirectUris: ["not a url"] }, "redirectUris"],
    [{ redirectUris: ["http://app.example/cb"] }, "redirectUris"],
    [{ redirectUris: ["javascript:alert(1)"] }, "redirectUris"],
    [{ redirectUris: ["data:text/html,x"] }, "redirectUris"],
    [{ redirectUris: ["https://app.example/cb#x"] }, "redirectUris"],
    [{ redirectUris: ["https://u:p@app.example/cb"] }, "redirectUris"],
    [{ redirectUris: [CALLBACK, "http://localhost.evil.example/cb"] }, "redirectUris"],
    [{ tokenEndpointAuthMethod: "client_secret_jwt" }, "tokenEndpointAuthMethod"],
  ])("is refused with %j, at its field", async (wrong, field) => {
    const { status, json } = await owner("POST", OWN, { ...fields, ...wrong });
    expect([status, Object.keys(json.fields)]).toEqual([422, [field]]);
  });

  test.each([
    "http://localhost/callback",
    "http://127.0.0.1:3000/callback",
    "http://[::1]/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://app.example/cb?tenant=1",
  ])("that redirects to %s can be used", async (redirectUri) => {
    const { id } = (await owner("POST", OWN, { ...fields, redirectUris: [redirectUri] })).json;
    expect(isConsent(await arrive(max, id, { redirectUri }))).toBe(true);
  });
});

test.each(["", "https://", "http://app.example/client.json", "https://app.example", "claude.ai/x", "*.example", "a b"])(
  "“%s” cannot be put on the list",
  async (entry) => {
    expect((await owner("POST", `${CLIENTS}/list`, { entry })).status).toBe(422);
  },
);

test.each([
  ["GET", CLIENTS, undefined],
  ["GET", OWN, undefined],
  ["GET", `${CLIENTS}/x/decision`, undefined],
  ["PUT", `${CLIENTS}/policy`, { policy: "any" }],
  ["PUT", `${CLIENTS}/x/decision`, { decision: "blocked" }],
  ["POST", `${CLIENTS}/list`, { entry: "claude.ai" }],
  ["DELETE", `${CLIENTS}/list`, { host: "claude.ai" }],
  ["POST", OWN, { name: "x", redirectUris: [CALLBACK], tokenEndpointAuthMethod: "none" }],
  ["POST", `${OWN}/own-x/secret`, undefined],
  ["DELETE", `${OWN}/own-x`, undefined],
])(
  "%s %s: for owners and admins; another org's owner cannot tell it from what does not exist",
  async (method, path, body) => {
    const member = await signIn(house, max);
    expect((await member(method, path, body)).status).toBe(403);
    expect((await stranger(method, path, body)).status).toBe(404);
  },
);

test("another org's own clients and decisions are out of reach", async () => {
  const { id } = (await owner("POST", OWN, { name: "Ours", redirectUris: [CALLBACK], tokenEndpointAuthMethod: "none" }))
    .json;
  const theirs = (path: string) => path.replace("/acme/", "/other/");
  expect((await stranger("DELETE", theirs(`${OWN}/${id}`))).status).toBe(404);
  expect((await stranger("PUT", theirs(decisionOn(id)), { decision: "blocked" })).status).toBe(404);
  expect(isConsent(await arrive(max, id))).toBe(true);
});

test("the client that the house tests with is like any other", async () => {
  expect((await tokenFor(max, endpoint.url)).scope).toContain("mcp:read");
});
