import type { Org } from "@gatehouse/store/orgs";
import { type Browser, launchChromium, openPage, type Page, problemsOf } from "@gatehouse/testing/chromium";
import { type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 });

// What people do about themselves and each other, in a real browser, from the sign-in page to the dashboard.

const PASSWORD = "a horse that is correct";
let browser: Browser;
let house: TestHouse;
let acme: Org;
let owner: Person;

beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse({ apps: ["auth", "dashboard"], signup: "open" }), launchChromium()]);
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  owner = await house.addMember(acme, { email: "owner@acme.example", name: "Olive Owner", role: "owner" });
});
afterAll(async () => {
  await browser?.close();
  await house?.[Symbol.asyncDispose]();
});

/** A page in a browser of its own, and a way to look whether it is in order. */
async function start() {
  const { page, complaints } = await openPage(browser);
  const look = async (step: string) => {
    expect([step, await problemsOf(page, `people-${step}`)]).toEqual([step, []]);
  };
  const close = () => page.context().close();
  return { page, complaints, look, [Symbol.asyncDispose]: close };
}

async function linkIn(email: string, subject: RegExp): Promise<string> {
  const found = () => house.mails.findLast((mail) => mail.to === email && subject.test(mail.subject));
  const { text } = await vi.waitFor(() => found() ?? expect.fail(`no mail to ${email}`), { timeout: 5000 });
  return /http\S+/.exec(text)![0];
}

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { name, level: 1 }).waitFor();

async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.goto(`${house.url}/dashboard`);
  await page.getByLabel("Email").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await heading(page, "Connectors");
}

test("by keyboard alone: from the sign-in page by sign-up to an org of one's own", async () => {
  await using visit = await start();
  const { page, look } = visit;
  const { keyboard } = page;
  const email = "eve@new.example";
  await page.goto(`${house.url}/dashboard`);
  await heading(page, "Sign in");
  await keyboard.press("Tab");
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await heading(page, "Create an account");
  await look("sign-up");
  await keyboard.type(email);
  await keyboard.press("Enter");
  await heading(page, "Look into your mail");
  await look("sent");

  await page.goto(await linkIn(email, /Create/));
  await heading(page, "Create your account");
  await keyboard.type("Eve");
  await keyboard.press("Tab");
  await keyboard.type("password1234");
  await keyboard.press("Enter");
  await page.getByText("everybody tries first").waitFor();
  await look("password-refused");
  await keyboard.type(PASSWORD);
  await keyboard.press("Enter");

  await heading(page, "Create an organisation");
  await keyboard.type("Eve & Co");
  await keyboard.press("Tab");
  await keyboard.type("acme");
  await keyboard.press("Enter");
  await page.getByText("This address is taken").waitFor();
  await look("org-taken");
  await keyboard.press("Control+A");
  await keyboard.type("eve");
  await keyboard.press("Enter");
  await heading(page, "Connectors");
  expect(new URL(page.url()).pathname).toBe(`/dashboard/eve/connectors`);
});

test("an owner invites, who is invited joins, gets another role, and is removed", async () => {
  const email = "ivy@new.example";
  await using visit = await start();
  const { page, look } = visit;
  await signIn(page, owner);
  await page.getByRole("link", { name: "People" }).click();
  await heading(page, "People");
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByLabel("Email addresses").fill("ivy");
  await page.getByRole("button", { name: "Send invitations" }).click();
  await page.getByText("whole email address").waitFor();
  await look("invite-refused");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Role", { exact: true }).selectOption("auditor");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Send invitations" }).click();
  await page.getByText("Gatehouse cannot be reached").first().waitFor();
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "Send invitations" }).click();
  await page.getByText(email).waitFor();
  await look("invited");

  await using guest = await start();
  await guest.page.goto(await linkIn(email, /Join Acme/));
  await heading(guest.page, "Join Acme");
  await guest.look("invitation");
  await guest.page.getByLabel("Your name").fill("Ivy");
  await guest.page.getByLabel("Password").fill(PASSWORD);
  await guest.page.getByRole("button", { name: "Create account and join" }).click();
  await heading(guest.page, "Connectors");

  await page.reload();
  const role = page.getByLabel("Role of Ivy");
  await role.waitFor();
  expect(await role.inputValue()).toBe("auditor");
  await role.focus();
  await role.selectOption("admin");
  await page.getByText("manages connectors, people and settings").waitFor();
  expect(await page.locator(":focus").getAttribute("aria-label")).toBe("Role of Ivy");
  await look("members");
  await page.getByRole("button", { name: "Remove Ivy" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await role.waitFor({ state: "detached" });
  await guest.page.goto(`${house.url}/dashboard`);
  await heading(guest.page, "You belong to no organisation yet");
});

test("a forgotten password, another email address, and browsers signed out", async () => {
  const email = "uma@acme.example";
  const uma = await house.addMember(acme, { email, name: "Uma" });
  await using elsewhere = await start();
  await signIn(elsewhere.page, uma);
  await using visit = await start();
  const { page, look } = visit;
  await page.goto(`${house.url}/dashboard`);
  await page.getByLabel("Email").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await look("forgot");
  await page.getByLabel("Email").fill(email);
  await page.getByRole("button", { name: "Send the link" }).click();
  await heading(page, "Look into your mail");
  await page.goto(await linkIn(email, /Choose a new password/));
  await look("new-password");
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await heading(page, "Connectors");
  await elsewhere.page.reload();
  await heading(elsewhere.page, "Sign in");

  await signIn(elsewhere.page, { ...uma, password: PASSWORD });
  await page.getByRole("button", { name: "Your account" }).click();
  await page.getByRole("link", { name: "Your account" }).click();
  await heading(page, "Uma");
  expect(await page.getByRole("listitem").count()).toBe(2);
  await look("account");
  await page.getByRole("button", { name: "Sign out others" }).click();
  await vi.waitFor(async () => expect(await page.getByRole("listitem").count()).toBe(1));
  await elsewhere.page.reload();
  await heading(elsewhere.page, "Sign in");

  await page.getByRole("link", { name: "Change", exact: true }).click();
  await page.getByLabel("New email").fill(`new-${email}`);
  await page.getByLabel("Your password").fill(PASSWORD);
  await look("change-email");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.goto(await linkIn(`new-${email}`, /Confirm/));
  await look("confirm-email");
  await page.getByRole("button", { name: "Change it" }).click();
  await page.getByText(`new-${email}`).waitFor();
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await heading(page, "You are signed out");
  await page.goto(`${house.url}/dashboard`);
  await heading(page, "Sign in");
});
