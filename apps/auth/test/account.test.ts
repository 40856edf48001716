import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { insertInvitation } from "@gatehouse/store/invitations";
import { newMailedToken } from "@gatehouse/store/mailed-token";
import { removeMember, updateRole } from "@gatehouse/store/members";
import { listMembers, type Org } from "@gatehouse/store/orgs";
import { suspendOrg } from "@gatehouse/store/suspensions";
import { findUserByEmail } from "@gatehouse/store/users";
import type { TestHouseOptions } from "@gatehouse/testing/house";
import { expect, test, vi } from "vitest";
import { type AuthAlone, AuthorizationRequest, type Member, signIn, startAuthAlone } from "./auth-alone.ts";
import { Browser, type Page } from "./browser.ts";

const PASSWORD = "a horse that is correct";
const NEW_PASSWORD = "another horse, just as correct";

async function startAcme(options: TestHouseOptions = {}) {
  const house = await startAuthAlone({ apps: ["auth", "dashboard"], ...options });
  const org = await house.addOrg("acme");
  const ada = await house.addMember(org, "ada");
  return Object.assign(house, { org, ada });
}

/** The link in the newest mail to this address. */
async function linkTo(house: AuthAlone, email: string): Promise<string> {
  const mail = await vi.waitFor(() => {
    const found = house.mails.findLast(({ to }) => to === email);
    expect(found).toBeDefined();
    return found!;
  });
  return /https?:\S+/.exec(mail.text)![0];
}

async function open(house: AuthAlone, path: string, browser = new Browser(house.publicUrl)) {
  return { browser, page: await browser.open(path) };
}

/** Signs in at the dashboard. */
async function signInHere(house: AuthAlone, member: Member): Promise<Page> {
  return signIn(member, await member.browser.open(`${house.url}/dashboard/login?return=/account`));
}

async function invite(
  house: AuthAlone,
  org: Org,
  {
    email,
    role = "member" as const,
    by,
    days = 7,
  }: { email: string; role?: "member" | "admin"; by: Member; days?: number },
) {
  const { token, tokenHash } = newMailedToken();
  const expiresAt = new Date(Date.now() + days * 86_400_000);
  await withOrg(house.ownerDb, org.id, async (scope) => {
    await updateRole(scope, { userId: by.id, role: "admin" });
    await insertInvitation(scope, { email, role, tokenHash, invitedBy: by.id, expiresAt });
  });
  return `/account/invitation?token=${token}`;
}

const roleIn = async (house: AuthAlone, org: Org, email: string) => {
  const user = await findUserByEmail(house.ownerDb, email);
  const members = await withOrg(house.ownerDb, org.id, listMembers);
  return members.find(({ userId }) => userId === user?.id)?.role;
};

test("sign-up: a mailbox, a name, a password, an org, and one is its owner in the dashboard", async () => {
  await using house = await startAcme({ signup: "open" });
  const { browser, page } = await open(house, "/account/sign-up");
  const sent = await browser.submit(page, { email: "Eve@New.example" });
  expect(sent.text).toContain("Look into your mail");
  const form = await browser.open(await linkTo(house, "eve@new.example"));
  const orgForm = await browser.submit(form, { name: "Eve", password: PASSWORD });
  expect(orgForm.text).toContain("Create an organisation");
  const done = await browser.submit(orgForm, { name: "New", slug: "new" });
  expect(done.url.pathname).toBe("/dashboard/new");
  const org = {
    id: (await house.ownerDb.selectFrom("orgs").select("id").where("slug", "=", "new").executeTakeFirstOrThrow()).id,
  };
  expect(await roleIn(house, org as Org, "eve@new.example")).toBe("owner");
  expect((await browser.open("/account")).text).toContain("eve@new.example");
});

test("sign-up and reset say the same, with the same status, whether or not there is an account; the mail knows", async () => {
  await using house = await startAcme({ signup: "open" });
  for (const path of ["/account/sign-up", "/account/reset"]) {
    const answers = [];
    for (const email of [house.ada.email, "nobody@acme.example"]) {
      const { browser, page } = await open(house, path);
      const { status, text, url } = await browser.submit(page, { email });
      answers.push({ status, text, path: url.pathname });
    }
    expect(answers[0]).toEqual(answers[1]);
  }
  await vi.waitFor(() => expect(house.mails).toHaveLength(4));
  expect(house.mails.map(({ to, subject }) => `${to}: ${subject}`)).toEqual([
    "ada@acme.example: You have a Gatehouse account already",
    "nobody@acme.example: Create your Gatehouse account",
    "ada@acme.example: Choose a new password for Gatehouse",
    "nobody@acme.example: There is no Gatehouse account with this email address",
  ]);
});

test("where sign-up is by invitation or closed, nobody signs up or makes an org, and no mail goes out", async () => {
  for (const signup of ["invite", "closed"] as const) {
    await using house = await startAcme({ signup });
    const { page } = await open(house, "/account/sign-up");
    expect(page.status).toBe(403);
    await signInHere(house, house.ada);
    expect((await house.ada.browser.open("/account/new-org")).status).toBe(403);
    expect(house.mails).toEqual([]);
  }
});

test("a password that is short, well known, or one's own name or address is refused, and the field says why", async () => {
  await using house = await startAcme({ signup: "open" });
  const { browser, page } = await open(house, "/account/sign-up");
  await browser.submit(page, { email: "evelyn@new.example" });
  const form = await browser.open(await linkTo(house, "evelyn@new.example"));
  for (const [password, reason] of [
    ["short", "at least 12 characters"],
    ["Password1234", "everybody tries first"],
    ["qwertyqwerty!", "everybody tries first"],
    ["aaaaaaaaaaaaa", "different characters"],
    ["123412341234", "different characters"],
    ["evelyn@new.example", "name and email address"],
    ["evelyn-evelyn", "name and email address"],
  ] as const) {
    const refused = await browser.submit(form, { name: "Evelyn", password });
    expect([refused.status, password, refused.text.includes(reason)]).toEqual([422, password, true]);
    expect(refused.text).toMatch(/aria-describedby="password-note"\s+aria-invalid="true"/);
    if (!password.includes("@")) expect(refused.text).not.toContain(`value="${password}"`);
  }
  expect(await findUserByEmail(house.ownerDb, "evelyn@new.example")).toBeNull();
});

test("an org's address that is reserved or taken is refused beside its field", async () => {
  await using house = await startAcme({ signup: "open" });
  await signInHere(house, house.ada);
  const form = await house.ada.browser.open("/account/new-org");
  for (const [slug, reason] of [
    ["account", "reserved"],
    ["acme", "taken"],
    ["-x", "lower-case"],
  ] as const) {
    const refused = await house.ada.browser.submit(form, { name: "Mine", slug });
    expect(refused.text).toContain(reason);
    expect(refused.text).toContain('id="slug-note" class="problem-note"');
  }
});

test("reset: a new password, once; other browsers are signed out, this one is in, and a mail tells", async () => {
  await using house = await startAcme();
  const elsewhere = { ...house.ada, browser: new Browser(house.publicUrl) };
  await signInHere(house, elsewhere);
  expect((await elsewhere.browser.open("/account")).status).toBe(200);
  expect((await elsewhere.browser.open("/api/session")).status).toBe(200);

  const { browser, page } = await open(house, "/account/reset");
  await browser.submit(page, { email: house.ada.email });
  const link = await linkTo(house, house.ada.email);
  const form = await browser.open(link);
  const done = await browser.submit(form, { password: NEW_PASSWORD });
  expect(done.url.pathname).toBe("/dashboard");
  expect((await elsewhere.browser.open("/api/session")).status).toBe(401);
  expect((await elsewhere.browser.open("/account")).url.pathname).toMatch(/^\/oauth\/interaction/);
  expect((await browser.open("/account")).text).toContain("this browser");

  expect((await browser.open(link)).status).toBe(404);
  expect((await browser.submit(form, { password: PASSWORD })).status).toBe(404);
  await vi.waitFor(() => expect(house.mails.at(-1)?.subject).toBe("Your Gatehouse password was changed"));
  const events = (await house.audit(house.org)).map(({ event, outcome }) => [event, outcome]);
  expect(events).toContainEqual(["password.reset", "ok"]);
  const old = await signInHere(house, { ...house.ada, browser: new Browser(house.publicUrl) });
  expect(old.status).toBe(422);
  const fresh = { ...house.ada, password: NEW_PASSWORD, browser: new Browser(house.publicUrl) };
  expect((await signInHere(house, fresh)).url.pathname).toBe("/account");
});

test("a link that is too old, made up, or for another purpose works nowhere", async () => {
  await using house = await startAcme({ signup: "open" });
  const { browser, page } = await open(house, "/account/reset");
  await browser.submit(page, { email: house.ada.email });
  const link = new URL(await linkTo(house, house.ada.email));
  for (const path of ["/account/sign-up/confirm", "/account/email/confirm", "/account/invitation"]) {
    expect((await browser.open(path + link.search)).status).toBe(404);
  }
  expect((await browser.open("/account/reset/confirm?token=made-up")).status).toBe(404);
  expect((await browser.open("/account/reset/confirm")).status).toBe(404);
  const form = await browser.open(link);
  await house.ownerDb.updateTable("mailed_links").set({ expires_at: new Date() }).execute();
  expect((await browser.submit(form, { password: NEW_PASSWORD })).status).toBe(404);
});

test("two that use one link at once: one of them does", async () => {
  await using house = await startAcme();
  const { browser, page } = await open(house, "/account/reset");
  await browser.submit(page, { email: house.ada.email });
  const form = await browser.open(await linkTo(house, house.ada.email));
  const answers = await Promise.all([PASSWORD, NEW_PASSWORD].map((password) => browser.submit(form, { password })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
});

test("links in mails come from the public URL, whatever a request says of its host", async () => {
  await using house = await startAcme();
  const { browser, page } = await open(house, "/account/reset");
  const lies = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", forwarded: "host=evil.example" };
  await browser.submit(page, { email: house.ada.email }, lies);
  expect(await linkTo(house, house.ada.email)).toMatch(new RegExp(`^${house.url}/account/reset/confirm\\?token=`));
  const refused = await browser.submit(page, { email: house.ada.email }, { host: "evil.example" });
  expect(refused.status).toBe(400);
});

test("every form under /account: 403 without its CSRF token, with another browser's, or from a foreign origin", async () => {
  await using house = await startAcme({ signup: "open" });
  await signInHere(house, house.ada);
  const { browser: other, page: foreign } = await open(house, "/account/reset");
  const stranger = await open(house, "/account/reset");
  await stranger.browser.submit(stranger.page, { email: house.ada.email });
  const reset = new URL(await linkTo(house, house.ada.email));
  const invitation = await invite(house, house.org, { email: "eve@new.example", by: house.ada });
  const foreignToken = /name="csrf" value="([^"]+)"/.exec(foreign.text)![1]!;
  const paths = [
    "/account",
    "/account/sign-up",
    "/account/reset",
    "/account/email",
    "/account/new-org",
    reset.pathname + reset.search,
    invitation,
  ];
  for (const path of paths) {
    const { browser } = path === invitation ? { browser: other } : house.ada;
    const page = await house.ada.browser.open(path);
    expect([path, page.status]).toEqual([path, 200]);
    const fields = {
      email: "x@new.example",
      name: "X",
      slug: "xx",
      password: NEW_PASSWORD,
      end: "all",
      decision: "leave",
    };
    for (const [more, headers] of [
      [{ csrf: "" }, {}],
      [path === invitation ? {} : { csrf: foreignToken }, {}],
      [{}, { origin: "https://evil.example" }],
      [{}, { origin: "null" }],
    ] as const) {
      const { status } = await browser.submit(page, { ...fields, ...more }, headers);
      expect([path, status]).toEqual([path, 403]);
    }
  }
  expect((await house.ada.browser.open("/account")).text).toContain(house.ada.email);
});

test("an invitation is accepted by whoever sets up the account that it is for, in the role that it says, once", async () => {
  await using house = await startAcme();
  const path = await invite(house, house.org, { email: "eve@new.example", role: "admin", by: house.ada });
  const { browser, page } = await open(house, path);
  expect(page.text).toContain("acme Inc.");
  const done = await browser.submit(page, { name: "Eve", password: PASSWORD });
  expect(done.url.pathname).toBe("/dashboard/acme");
  expect(await roleIn(house, house.org, "eve@new.example")).toBe("admin");
  expect((await browser.open(path)).status).toBe(404);
  expect(await house.audit(house.org)).toContainEqual(
    expect.objectContaining({
      event: "invitation.accepted",
      entry: expect.objectContaining({ after: { role: "admin" } }),
    }),
  );
});

test("one account in several orgs: an invitation is accepted by who is signed in, and by nobody else who is", async () => {
  await using house = await startAcme();
  const globex = await house.addOrg("globex");
  const bob = await house.addMember(globex, "bob");
  const path = await invite(house, globex, { email: house.ada.email, by: bob });

  await signInHere(house, bob);
  const forAnother = await bob.browser.open(path);
  expect(forAnother.text).toContain("This invitation is for another account");
  expect((await bob.browser.submit(forAnother, {})).status).toBe(403);
  const left = await bob.browser.submit(forAnother, { decision: "leave" });
  expect(left.text).toContain("Sign in as ada@acme.example");

  const signInLink = /class="button" href="([^"]+)"/.exec(left.text)![1]!.replaceAll("&amp;", "&");
  const form = await house.ada.browser.open(signInLink);
  const join = await signIn(house.ada, form);
  expect(join.text).toContain("Join globex Inc.");
  await house.ada.browser.submit(join, {});
  expect(await roleIn(house, globex, house.ada.email)).toBe("member");
  expect(await roleIn(house, house.org, house.ada.email)).toBe("member");
});

test("an invitation that has expired is worth nothing", async () => {
  await using house = await startAcme();
  const path = await invite(house, house.org, { email: "eve@new.example", by: house.ada, days: 0 });
  expect((await open(house, path)).page.status).toBe(404);
});

test.each([
  ["has left the org", removeMember],
  ["may invite nobody any more", (org: OrgScope, userId: string) => updateRole(org, { userId, role: "member" })],
  ["is of an org that is suspended", suspendOrg],
] as const)("an invitation of somebody who %s is worth nothing", async (_what, change) => {
  await using house = await startAcme();
  const path = await invite(house, house.org, { email: "eve@new.example", role: "admin", by: house.ada });
  const { browser, page } = await open(house, path);
  await withOrg(house.ownerDb, house.org.id, async (org) => void (await change(org, house.ada.id)));
  expect((await browser.submit(page, { name: "Eve", password: PASSWORD })).status).toBe(404);
  expect((await browser.open(path)).status).toBe(404);
});

test("where sign-up is closed, an invitation makes no account", async () => {
  await using house = await startAcme({ signup: "closed" });
  const path = await invite(house, house.org, { email: "eve@new.example", by: house.ada });
  expect((await open(house, path)).page.status).toBe(403);
});

test("a new password while signed in: with the old one; other browsers are signed out, and a mail tells", async () => {
  await using house = await startAcme();
  const elsewhere = { ...house.ada, browser: new Browser(house.publicUrl) };
  await signInHere(house, elsewhere);
  await signInHere(house, house.ada);
  const { browser } = house.ada;
  const form = await browser.open("/account/password");
  const wrong = await browser.submit(form, { password: "wrong", new_password: NEW_PASSWORD });
  expect([wrong.status, wrong.text.includes("is not right")]).toEqual([422, true]);
  const short = await browser.submit(form, { password: house.ada.password, new_password: "short" });
  expect([short.status, short.text.includes("at least 12 characters")]).toEqual([422, true]);
  expect((await elsewhere.browser.open("/api/session")).status).toBe(200);

  const done = await browser.submit(form, { password: house.ada.password, new_password: ` ${NEW_PASSWORD} ` });
  expect(done.url.pathname).toBe("/account");
  expect((await browser.open("/api/session")).status).toBe(200);
  expect((await elsewhere.browser.open("/api/session")).status).toBe(401);
  expect((await elsewhere.browser.open("/account")).url.pathname).toMatch(/^\/oauth\/interaction/);
  await vi.waitFor(() => expect(house.mails.at(-1)?.subject).toBe("Your Gatehouse password was changed"));
  expect((await house.audit(house.org)).map(({ event }) => event)).toContain("password.changed");
  const fresh = { ...house.ada, password: ` ${NEW_PASSWORD} `, browser: new Browser(house.publicUrl) };
  expect((await signInHere(house, fresh)).url.pathname).toBe("/account");
});

test("change of email: with the password, confirmed in the new mailbox, told to the old, in the audit", async () => {
  await using house = await startAcme();
  await signInHere(house, house.ada);
  const { browser } = house.ada;
  const form = await browser.open("/account/email");
  expect((await browser.submit(form, { email: "ada@new.example", password: "wrong" })).status).toBe(422);
  expect((await browser.submit(form, { email: "ada@new.example", password: house.ada.password })).text).toContain(
    "Look into your mail",
  );
  expect(await findUserByEmail(house.ownerDb, "ada@new.example")).toBeNull();
  const link = await linkTo(house, "ada@new.example");
  const bob = await house.addMember(house.org, "bob");
  await signInHere(house, bob);
  expect((await bob.browser.open(link)).status).toBe(403);
  const phone = { ...house.ada, browser: new Browser(house.publicUrl) };
  const { browser: elsewhere } = phone;
  const first = await elsewhere.open(link);
  expect(first.url.pathname).toMatch(/^\/oauth\/interaction/);
  expect(await findUserByEmail(house.ownerDb, "ada@new.example")).toBeNull();
  const page = await signIn(phone, first);
  expect(page.text).toContain("ada@new.example");
  await elsewhere.submit(page, {});
  expect((await findUserByEmail(house.ownerDb, "ada@new.example"))?.id).toBe(house.ada.id);
  expect((await browser.open("/api/session")).status, "all other browsers are signed out").toBe(401);
  expect((await elsewhere.submit(page, {})).status).toBe(404);
  await vi.waitFor(() =>
    expect(house.mails.at(-1)).toMatchObject({
      to: "ada@acme.example",
      subject: "Your Gatehouse email address was changed",
    }),
  );
  expect(await house.audit(house.org)).toContainEqual(
    expect.objectContaining({
      event: "email.changed",
      entry: expect.objectContaining({ before: "ada@acme.example", after: "ada@new.example" }),
    }),
  );
});

test("an email address that has an account is not taken over, and only its owner learns that it has one", async () => {
  await using house = await startAcme();
  const bob = await house.addMember(house.org, "bob");
  await signInHere(house, house.ada);
  const form = await house.ada.browser.open("/account/email");
  const answer = await house.ada.browser.submit(form, { email: bob.email, password: house.ada.password });
  expect(answer.text).toContain("Look into your mail");
  const mail = await vi.waitFor(() => house.mails.find(({ to }) => to === bob.email) ?? expect.fail());
  expect(mail.text).not.toContain("token=");
});

test("browsers: listed by what they are, ended one by one or all, for the dashboard at once", async () => {
  await using house = await startAcme();
  const phone = { ...house.ada, browser: new Browser(house.publicUrl) };
  await signInHere(house, house.ada);
  await signInHere(house, phone);
  const bob = await house.addMember(house.org, "bob");
  await signInHere(house, bob);

  const page = await house.ada.browser.open("/account");
  const ids = [...page.text.matchAll(/name="end"\s+value="([\w-]{43})"/g)].map(([, id]) => id!);
  expect(ids).toHaveLength(2);
  expect((await bob.browser.submit(await bob.browser.open("/account"), { end: ids[0]! })).status).toBe(404);

  const mine = await phone.browser.open("/account");
  const other = /<strong>[^<]*<\/strong>(?! · this)[\s\S]*?value="([\w-]{43})"/.exec(mine.text)![1]!;
  expect((await phone.browser.submit(mine, { end: other })).url.pathname).toBe("/account");
  expect((await house.ada.browser.open("/api/session")).status).toBe(401);
  expect((await house.ada.browser.open("/account")).url.pathname).toMatch(/^\/oauth\/interaction/);
  expect((await phone.browser.open("/api/session")).status).toBe(200);

  const all = await phone.browser.submit(await phone.browser.open("/account"), { end: "all" });
  expect(all.text).toContain("signed out");
  expect((await phone.browser.open("/api/session")).status).toBe(401);
  expect((await bob.browser.open("/api/session")).status).toBe(200);
  expect((await house.audit(house.org)).filter(({ event }) => event === "session.ended")).toHaveLength(2);
});

test("a client's request survives a reset in the same browser", async () => {
  await using house = await startAcme({ signup: "open" });
  const resource = await house.addConnector(house.org, "everything");
  const { json: client } = await house.register();
  const { browser } = house.ada;
  const request = new AuthorizationRequest(house, { client_id: client.client_id, resource });
  await browser.open(request.url);
  await browser.submit(await browser.open("/account/reset"), { email: house.ada.email });
  const form = await browser.open(await linkTo(house, house.ada.email));
  const consent = await browser.submit(form, { password: NEW_PASSWORD });
  expect(consent.text).toContain('name="decision"');
  const { left } = await browser.submit(consent, { decision: "approve" });
  expect(left.searchParams.get("state")).toBe(request.state);
  expect(left.searchParams.get("code")).toEqual(expect.any(String));
});

test("an invitation is accepted in one tab, and the client's request in the other goes on", async () => {
  await using house = await startAcme();
  const resource = await house.addConnector(house.org, "everything");
  const { json: client } = await house.register();
  const browser = new Browser(house.publicUrl);
  const waiting = await browser.open(new AuthorizationRequest(house, { client_id: client.client_id, resource }).url);
  const invitation = await browser.open(await invite(house, house.org, { email: "eve@new.example", by: house.ada }));
  const consent = await browser.submit(invitation, { name: "Eve", password: PASSWORD });
  expect(consent.text).toContain('name="decision"');
  expect((await browser.open(waiting.url)).status).not.toBe(500);
});

test("the way back leads to no request that is not there, and out of the house never", async () => {
  await using house = await startAcme();
  for (const flow of ["../../evil", "https://evil.example", "AAAAAAAAAAAAAAAAAAAAA", "%0d%0aLocation:x"]) {
    const answer = await house.get("/account/continue", { cookie: `gatehouse-flow=${flow}` });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/dashboard"]);
  }
  for (const path of ["https://evil.example/account", "//evil.example/account", "/account\\@evil.example"]) {
    const { browser, page } = await open(house, `/dashboard/login?return=${encodeURIComponent(path)}`);
    const done = await signIn({ ...house.ada, browser }, page);
    expect(done.url.origin).toBe(house.url);
  }
});

test("who signs in is in the audit of each of their orgs, with the address, and how often it failed; sign-out too", async () => {
  await using house = await startAcme();
  const globex = await house.addOrg("globex");
  await house.ownerDb
    .insertInto("memberships")
    .values({ org_id: globex.id, user_id: house.ada.id, role: "member" })
    .execute();
  const { browser } = house.ada;
  const form = await browser.open("/dashboard/login");
  for (const password of ["no", "neither"])
    await browser.submit(form, { email: house.ada.email, way: "password", password });
  await signIn(house.ada, form);
  const { json } = await (async () => {
    const session = await browser.open("/api/session");
    return { json: JSON.parse(session.text) as { csrfToken: string } };
  })();
  await fetch(`${house.url}/api/session/logout`, {
    method: "POST",
    headers: { cookie: browser.cookies().join("; "), origin: house.url, "x-csrf-token": json.csrfToken },
  });
  for (const org of [house.org, globex]) {
    await vi.waitFor(async () =>
      expect(
        (await house.audit(org))
          .map(({ event, outcome, entry }) => [event, outcome, entry.address, entry.count ?? entry.client])
          .sort(),
      ).toEqual([
        ["sign_in", "ok", "127.0.0.1", "dashboard"],
        ["sign_in", "refused", "127.0.0.1", 1],
        ["sign_in", "refused", "127.0.0.1", 2],
        ["sign_out", "ok", "127.0.0.1", "dashboard"],
      ]),
    );
  }
});
