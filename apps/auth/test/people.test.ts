import { randomUUID } from "node:crypto";
import { findUserByEmail } from "@gatehouse/store/users";
import { expect, test, vi } from "vitest";
import { AuthorizationRequest, authorize, redeem, refresh, signIn, startAuthAlone } from "./auth-alone.ts";
import { Browser, type Page } from "./browser.ts";

async function startAcme(redirectUri?: string) {
  const house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  const { json: client } = await house.register(redirectUri ? { redirect_uris: [redirectUri] } : {});
  const parameters = {
    client_id: client.client_id as string,
    resource,
    ...(redirectUri ? { redirect_uri: redirectUri } : {}),
  };
  const begin = (more = {}) => new AuthorizationRequest(house, { ...parameters, ...more });
  return Object.assign(house, { org, resource, ada, parameters, begin });
}

const isSignIn = (page: Page) => page.text.includes('name="email"');
const isConsent = (page: Page) => page.text.includes('name="decision"');

test("passwords are kept as argon2id", async () => {
  await using house = await startAcme();
  const user = await findUserByEmail(house.ownerDb, house.ada.email);
  expect(user?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test("an unknown user and a wrong password: the same answer", async () => {
  await using house = await startAcme();
  const answers = [];
  for (const email of [house.ada.email, "nobody@acme.example"]) {
    const browser = new Browser(house.publicUrl);
    const form = await browser.open(house.begin().url);
    const { status, text } = await browser.submit(form, { email, way: "password", password: "wrong" });
    expect(text).toContain('aria-invalid="true"');
    answers.push({ status, text: text.replaceAll(email, "EMAIL").replace(/name="csrf" value="[^"]+"/, "") });
  }
  expect(answers[0]).toEqual(answers[1]);
  await vi.waitFor(async () =>
    expect(await house.audit(house.org)).toMatchObject([
      { event: "sign_in", outcome: "refused", userId: house.ada.id },
    ]),
  );
});

test.each(["constructor", "toString", "__proto__"])("“%s” is no way to sign in", async (way) => {
  await using house = await startAcme();
  const browser = new Browser(house.publicUrl);
  const form = await browser.open(house.begin().url);
  const page = await browser.submit(form, { email: house.ada.email, way, password: "wrong" });
  expect([page.status, page.text.includes('name="password"')]).toEqual([200, true]);
});

test("an unknown user and a wrong password: the same time", async () => {
  await using house = await startAcme();
  const times: Record<string, number[]> = { known: [], unknown: [] };
  for (let round = 0; round < 8; round++) {
    for (const [kind, email] of [
      ["known", (await house.addMember(house.org, `m${round}`)).email],
      ["unknown", `${randomUUID()}@acme.example`],
    ] as const) {
      const browser = new Browser(house.publicUrl);
      const form = await browser.open(house.begin().url);
      const before = performance.now();
      await browser.submit(form, { email, way: "password", password: "wrong" });
      times[kind]!.push(performance.now() - before);
    }
  }
  const median = (list: number[]) => list.sort((a, b) => a - b)[4]!;
  const ratio = median(times.known!) / median(times.unknown!);
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

test("guesses at one account are stopped, also with the right password then; another account is not concerned", async () => {
  await using house = await startAcme();
  const bob = await house.addMember(house.org, "bob");
  const { browser } = house.ada;
  let form: Page = await browser.open(house.begin().url);
  for (let guess = 0; guess < 5; guess++) {
    form = await browser.submit(form, { email: house.ada.email, way: "password", password: `guess ${guess}` });
    expect(form.status).toBe(422);
  }
  const stopped = await signIn(house.ada, form);
  expect(stopped.status).toBe(429);
  expect(Number(stopped.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(stopped.text).toContain("Too many attempts");
  await signIn(house.ada, form);
  const outcomes = async () => (await house.audit(house.org)).map(({ outcome }) => outcome).sort();
  await expect.poll(outcomes).toEqual(["rate_limited", ...Array(5).fill("refused")]);
  expect(isConsent(await signIn(bob, await bob.browser.open(house.begin().url)))).toBe(true);
});

test("consent names the client, that it is unverified, where it redirects to, the connector, the org and the scopes", async () => {
  await using house = await startAcme();
  const page = await signIn(house.ada, await house.ada.browser.open(house.begin({ scope: "mcp:read" }).url));
  for (const words of ["A test client", "unverified", "127.0.0.1:33418", "everything", "acme Inc.", house.ada.email]) {
    expect(page.text).toContain(words);
  }
  expect(page.text).toContain("look things up");
  expect(page.text).not.toContain("Change things");
});

test("denied: access_denied with iss and state, and the audit tells", async () => {
  await using house = await startAcme();
  const request = house.begin();
  const page = await signIn(house.ada, await house.ada.browser.open(request.url));
  const { left } = await house.ada.browser.submit(page, { decision: "deny" });
  expect(Object.fromEntries(left.searchParams)).toMatchObject({
    error: "access_denied",
    state: request.state,
    iss: house.url,
  });
  expect((await house.audit(house.org)).map(({ event }) => event)).toEqual(["sign_in", "consent.denied"]);
});

test("a form without its CSRF token, with another's, or from a foreign origin: 403, and nothing happens", async () => {
  await using house = await startAcme();
  const { browser } = house.ada;
  const form = await browser.open(house.begin().url);
  const fields = { email: house.ada.email, way: "password", password: house.ada.password };
  const consent = await signIn(house.ada, form);
  const other = await browser.open(house.begin().url);
  const foreignToken = /name="csrf" value="([^"]+)"/.exec(other.text)![1]!;
  for (const [page, answer] of [
    [form, fields],
    [consent, { decision: "approve" }],
  ] as const) {
    expect((await browser.submit(page, { ...answer, csrf: "" })).status).toBe(403);
    expect((await browser.submit(page, { ...answer, csrf: foreignToken })).status).toBe(403);
    for (const origin of ["https://evil.example", "null"]) {
      expect((await browser.submit(page, answer, { origin })).status).toBe(403);
    }
  }
  const events = (await house.audit(house.org)).map(({ event }) => event);
  expect(new Set(events)).toEqual(new Set(["sign_in", "authorization.failed"]));
});

test("a form that is too long, or does not say how long it is, is refused in words", async () => {
  await using house = await startAcme();
  const url = `${house.url}/oauth/interaction/any`;
  const headers = { "content-type": "application/x-www-form-urlencoded", origin: house.url };
  const endless = new Blob(["email=a"]).stream();
  for (const body of ["x".repeat(20_000), endless]) {
    const response = await fetch(url, { method: "POST", headers, body, duplex: "half" } as RequestInit);
    expect(response.status).toBe(413);
    expect(await response.text()).toContain("larger than any of ours");
  }
});

test("another member's interaction: 403, for whoever has its address and its form", async () => {
  await using house = await startAcme();
  const bob = await house.addMember(house.org, "bob");
  const consent = await signIn(house.ada, await house.ada.browser.open(house.begin().url));
  expect((await signIn(bob, await bob.browser.open(house.begin().url))).status).toBe(200);
  expect((await bob.browser.open(consent.url)).status).toBe(403);
  expect((await bob.browser.submit(consent, { decision: "approve" })).status).toBe(403);
});

test("a signed-in browser is not asked to sign in again, but a loopback client asks for consent every time", async () => {
  await using house = await startAcme();
  await authorize(house, house.ada, house.parameters);
  const again = await house.ada.browser.open(house.begin().url);
  expect(isConsent(again)).toBe(true);
});

test("remembered consent serves the same web client, endpoint and scopes, and nothing else", async () => {
  await using house = await startAcme("https://app.example/cb");
  await authorize(house, house.ada, { ...house.parameters, scope: "mcp:read" });
  const open = (more: Record<string, string>) =>
    house.ada.browser.open(house.begin({ scope: "mcp:read", ...more }).url);
  expect((await open({})).left?.searchParams.get("code")).toEqual(expect.any(String));
  expect(isConsent(await open({ scope: "mcp:read mcp:write" }))).toBe(true);
  expect(isConsent(await open({ resource: await house.addConnector(house.org, "other") }))).toBe(true);
  expect(isConsent(await open({ prompt: "consent" }))).toBe(true);
  const { json: lookalike } = await house.register({ redirect_uris: ["https://app.example/cb"] });
  expect(isConsent(await open({ client_id: lookalike.client_id }))).toBe(true);
  expect(isSignIn(await open({ prompt: "login" }))).toBe(true);
});

test("without membership any more, neither session nor remembered consent opens the endpoint", async () => {
  await using house = await startAcme("https://app.example/cb");
  await authorize(house, house.ada, house.parameters);
  await house.ownerDb.deleteFrom("memberships").where("user_id", "=", house.ada.id).execute();
  const { left } = await house.ada.browser.open(house.begin().url);
  expect(left.searchParams.get("error")).toBe("invalid_target");
});

test("each consent is a grant of its own: ending one leaves the other", async () => {
  await using house = await startAcme();
  const onAnotherDevice = { ...house.ada, browser: new Browser(house.publicUrl) };
  const clientId = house.parameters.client_id;
  const tokens = [];
  for (const member of [house.ada, onAnotherDevice]) {
    const { code, request } = await authorize(house, member, house.parameters);
    tokens.push((await redeem(house, { clientId, code, request })).json);
  }
  await house.post("/oauth/revoke", { client_id: clientId, token: tokens[0].refresh_token });
  expect((await refresh(house, clientId, tokens[0].refresh_token)).status).toBe(400);
  expect((await refresh(house, clientId, tokens[1].refresh_token)).status).toBe(200);
});

test("no page may be framed, runs a script, or is kept by a cache", async () => {
  await using house = await startAcme();
  const form = await house.ada.browser.open(house.begin().url);
  const consent = await signIn(house.ada, form);
  const failed = await house.ada.browser.open("/oauth/authorize?client_id=nobody");
  for (const { headers, text } of [form, consent, failed]) {
    const policy = headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(text).not.toMatch(/<script|<style|style=|onclick/);
  }
  expect(consent.headers.get("content-security-policy")).toContain("form-action 'self' http://127.0.0.1:33418;");
});

test("cookies are out of scripts' reach and stay with this site", async () => {
  await using house = await startAcme();
  const answer = await fetch(house.begin().url, { redirect: "manual" });
  const cookies = answer.headers.getSetCookie();
  expect(cookies.length).toBeGreaterThan(0);
  for (const cookie of cookies) {
    expect(cookie.toLowerCase()).toContain("httponly");
    expect(cookie.toLowerCase()).toContain("samesite=lax");
  }
});

test("with https, the session's cookie is __Host- and every cookie is Secure", async () => {
  const publicUrl = new URL("https://gatehouse.example");
  await using house = await startAuthAlone({ publicUrl });
  const org = await house.addOrg("acme");
  const ada = {
    ...(await house.addMember(org, "ada")),
    browser: new Browser(publicUrl, new URL(`http://localhost:${house.port}`)),
  };
  const redirectUri = "https://gatehouse.example/dashboard/callback";
  const request = new AuthorizationRequest(
    { publicUrl },
    { client_id: "dashboard", redirect_uri: redirectUri, scope: "openid" },
  );
  const form = await ada.browser.open(request.url);
  for (const cookie of ada.browser.cookies()) expect(cookie).toMatch(/^__Secure-/);
  await signIn(ada, form);
  expect(ada.browser.cookies()).toContainEqual(expect.stringMatching(/^__Host-gatehouse-auth=/));
});

test("signing out asks first, and what is connected stays connected", async () => {
  await using house = await startAcme();
  const clientId = house.parameters.client_id;
  const { code, request } = await authorize(house, house.ada, house.parameters);
  const { json: tokens } = await redeem(house, { clientId, code, request });
  const page = await house.ada.browser.open("/oauth/logout");
  expect(page.text).toContain("Sign out of Gatehouse?");
  const confirm = { ...page, url: new URL("/oauth/logout/confirm", house.url) };
  expect((await house.ada.browser.submit(confirm, { logout: "yes" })).text).toContain("You are signed out");
  expect(isSignIn(await house.ada.browser.open(house.begin().url))).toBe(true);
  expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(200);
});
