import { type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { type CookieJar, visit } from "@gatehouse/testing/sign-in";
import { afterAll, beforeAll, expect, test } from "vitest";
import { follow, signIn, submitSignIn } from "./signed-in.ts";

let house: TestHouse;
let owner: Person;

beforeAll(async () => {
  house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  owner = await house.addMember(org, { email: "owner@acme.example", role: "owner" });
});
afterAll(() => house[Symbol.asyncDispose]());

const at = (path: string) => new URL(path, house.url);
const newJar = (): CookieJar => new Map();

/** Everything but the last step: the address of the callback that the authorization server sends the browser to. */
async function callbackFor(jar: CookieJar, returnTo = ""): Promise<URL> {
  const query = returnTo && `?return=${encodeURIComponent(returnTo)}`;
  const form = await follow(at(`/dashboard/login${query}`), jar);
  let next = await submitSignIn(form, jar, owner);
  while (next.pathname !== "/dashboard/callback") {
    next = new URL((await visit(next, jar)).headers.get("location")!, next);
  }
  return next;
}

const hasSession = (jar: CookieJar) => jar.has("gatehouse-session");

test("a person signs in with PKCE, state and nonce, and comes back to where they were going", async () => {
  const jar = newJar();
  const begun = await visit(at("/dashboard/login"), jar);
  const asked = new URL(begun.headers.get("location")!).searchParams;
  expect(Object.fromEntries(asked)).toMatchObject({ client_id: "dashboard", code_challenge_method: "S256" });
  for (const name of ["state", "nonce", "code_challenge"]) expect(asked.get(name)!.length).toBeGreaterThan(40);
  const cookie = begun.headers.getSetCookie().find((line) => line.startsWith("gatehouse-sign-in"))!;
  expect(cookie).toMatch(/; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
  expect(cookie).not.toContain(asked.get("state")!);

  const callback = await callbackFor(jar, "/dashboard/acme/audit?x=1");
  const answer = await visit(callback, jar);
  expect(answer.headers.get("location")).toBe("/dashboard/acme/audit?x=1");
  const session = answer.headers.getSetCookie().find((line) => line.startsWith("gatehouse-session"))!;
  expect(session).toMatch(/^gatehouse-session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/);
  const who = await (await visit(at("/api/session"), jar)).json();
  expect(who).toMatchObject({ user: { email: owner.email }, orgs: [{ slug: "acme", role: "owner" }] });
});

test.each([
  "https://evil.example/dashboard",
  "//evil.example/dashboard",
  "/\\evil.example/dashboard",
  "/dashboard/../api/session",
  "/dashboard.evil",
  "javascript:alert(1)",
  "/dashboard/login",
])("the way back to %s leads to the dashboard instead", async (returnTo) => {
  const jar = newJar();
  const answer = await visit(await callbackFor(jar, returnTo), jar);
  expect(answer.headers.get("location")).toBe("/dashboard");
});

test("a state that was tampered with gives a page that says so, and no session", async () => {
  const jar = newJar();
  const callback = await callbackFor(jar);
  const state = callback.searchParams.get("state")!;
  for (const other of [`${state}x`, `x${state.slice(1)}`, ""]) {
    callback.searchParams.set("state", other);
    const answer = await visit(callback, jar);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("This sign-in was not begun in this browser");
  }
  expect(hasSession(jar)).toBe(false);
});

test("another browser cannot finish what this one began", async () => {
  const jar = newJar();
  const callback = await callbackFor(jar);
  const thief = newJar();
  expect((await visit(callback, thief)).status).toBe(400);
  expect(hasSession(thief)).toBe(false);
});

test("a sign-in is finished once", async () => {
  const jar = newJar();
  const callback = await callbackFor(jar);
  expect((await visit(callback, jar)).status).toBe(302);
  expect((await visit(callback, jar)).status).toBe(400);
});

test("a code that was tampered with, and another issuer's answer, give no session", async () => {
  for (const [name, value] of [
    ["code", "made-up"],
    ["iss", "https://evil.example"],
  ] as const) {
    const jar = newJar();
    const callback = await callbackFor(jar);
    callback.searchParams.set(name, value);
    const answer = await visit(callback, jar);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("does not fit this sign-in");
    expect(hasSession(jar)).toBe(false);
  }
});

test("a sign-in that the person gave up is told as such", async () => {
  const jar = newJar();
  const callback = await callbackFor(jar);
  callback.searchParams.delete("code");
  callback.searchParams.set("error", "access_denied");
  const answer = await visit(callback, jar);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("The sign-in was cancelled");
});

test("two tabs that sign in at once do not undo each other's", async () => {
  const jar = newJar();
  const first = await visit(at("/dashboard/login?return=/dashboard/first"), jar);
  await visit(await callbackFor(jar, "/dashboard/second"), jar);
  const { url } = await follow(first.headers.get("location")!, jar);
  expect(url.pathname).toBe("/dashboard/first");
  expect(await (await visit(at("/api/session"), jar)).json()).toMatchObject({ user: { email: owner.email } });
});

test("the session's value is stored nowhere", async () => {
  const jar = newJar();
  await visit(await callbackFor(jar), jar);
  const value = jar.get("gatehouse-session")!;
  const rows = await house.ownerDb.selectFrom("browser_sessions").selectAll().execute();
  const stored = JSON.stringify(rows.map((row) => ({ ...row, id_hash: row.id_hash.toString("base64url") })));
  expect(stored).not.toContain(value);
  expect(house.log.join()).not.toContain(value);
});

test("who signs out is asked for the password again", async () => {
  const send = await signIn(house, owner);
  expect((await send("POST", "/api/session/logout", undefined, { "x-csrf-token": "no" })).status).toBe(403);
  const { status, json, headers } = await send("POST", "/api/session/logout");
  expect(status).toBe(200);
  expect(headers.get("set-cookie")).toMatch(/^gatehouse-session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax$/);
  const signOut = new URL(json.signOutUrl);
  expect(signOut.origin + signOut.pathname).toBe(`${house.url}/oauth/logout`);
  expect((await send("GET", "/api/session")).status).toBe(401);
});

test("a session that has expired is none", async () => {
  const send = await signIn(house, owner);
  await house.ownerDb
    .updateTable("browser_sessions")
    .set({ expires_at: new Date(Date.now() - 1000) })
    .execute();
  expect((await send("GET", "/api/session")).status).toBe(401);
});
