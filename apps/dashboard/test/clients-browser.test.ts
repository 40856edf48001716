import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Org } from "@gatehouse/store/orgs";
import {
  accessibilityProblems,
  type Browser,
  type BrowserContextOptions,
  isWiderThanTheScreen,
  launchChromium,
  openPage,
  type Page,
  SIZES,
} from "@gatehouse/testing/chromium";
import { type Endpoint, type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

let house: TestHouse;
let browser: Browser;
let acme: Org;
let owner: Person;
let member: Person;
let endpoint: Endpoint;

const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");
const CALLBACK = "https://notes.example/callback";

beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse(), launchChromium()]);
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  owner = await house.addMember(acme, { email: "olive@acme.example", name: "Olive Owner", role: "owner" });
  member = await house.addMember(acme, { email: "max@acme.example", name: "Max Member" });
  endpoint = await house.addConnector(acme, { slug: "everything", url: "https://mcp.example.com/mcp" });
});
afterAll(async () => {
  await browser?.close();
  await house?.[Symbol.asyncDispose]();
});

async function fillIn(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel("Email").fill(email);
  const passwordField = page.getByLabel("Password");
  if (!(await passwordField.isVisible())) await page.keyboard.press("Enter");
  await passwordField.fill(password);
  await page.keyboard.press("Enter");
}

async function openSettings(options: BrowserContextOptions = {}) {
  const opened = await openPage(browser, options);
  await opened.page.goto(`${house.url}/dashboard/acme/settings`);
  await fillIn(opened.page, owner);
  await opened.page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  await opened.page.getByRole("heading", { name: "Clients" }).waitFor();
  opened.complaints.length = 0;
  return opened;
}

async function authorizationUrl(clientName: string): Promise<string> {
  const answer = await fetch(`${house.url}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: clientName, redirect_uris: [CALLBACK] }),
  });
  const { client_id } = (await answer.json()) as { client_id: string };
  const query = new URLSearchParams({
    ...{ client_id, response_type: "code", redirect_uri: CALLBACK, resource: endpoint.url },
    ...{ code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" },
  });
  return `${house.url}/oauth/authorize?${query}`;
}

test("an owner lets only listed apps in; a member asks for another, the owner approves, and the member goes on", {
  timeout: 60_000,
}, async () => {
  await tokenFor(member, endpoint.url);
  const { page, complaints } = await openSettings();
  await page.getByLabel("Only apps on a list").click();
  await page.getByRole("dialog").getByText("This disconnects Test client, in use by one member.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  expect(await page.getByLabel("Any app").isChecked()).toBe(true);
  await page.getByLabel("Only apps on a list").click();
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await page.getByLabel("Put on the list").fill("claude ai");
  await page.getByLabel("Put on the list").press("Enter");
  await page.getByText("Write a host, such as claude.ai").waitFor();
  await page.getByLabel("Put on the list").fill("claude.ai");
  await page.getByLabel("Put on the list").press("Enter");
  await page.getByRole("listitem").filter({ hasText: "claude.ai" }).waitFor();
  const chosen: number[] = [];
  page.on("response", (answer) => answer.url().endsWith("/clients/policy") && chosen.push(answer.status()));
  await page.getByLabel("Any app").click();
  await page.getByLabel("Only apps on a list").click();
  await vi.waitFor(() => expect(chosen).toEqual([204, 204]), 10_000);

  const visitor = await openPage(browser);
  await visitor.page.goto(await authorizationUrl("Notes"));
  await fillIn(visitor.page, member);
  await visitor.page.getByRole("heading", { name: "Notes is not allowed at Acme" }).waitFor();
  expect(await accessibilityProblems(visitor.page)).toEqual([]);
  await visitor.page.screenshot({ path: join(SCREENSHOTS, "client-not-allowed.png") });
  await visitor.page.getByRole("button", { name: "Ask an admin" }).click();
  await visitor.page.getByText("have been asked").waitFor();
  await visitor.page.screenshot({ path: join(SCREENSHOTS, "client-asked.png") });

  await page.reload();
  await page.getByText("asked for by max@acme.example").waitFor();
  await page.screenshot({ path: join(SCREENSHOTS, "clients-waiting.png"), fullPage: true });
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole("button", { name: "Approve Notes" }).click();
  await page.getByRole("heading", { name: "Waiting for a decision" }).waitFor({ state: "hidden" });

  await visitor.page.getByRole("button", { name: "Try again" }).click();
  await visitor.page.getByRole("heading", { name: /Allow Notes to use/ }).waitFor();
  // Each refusal is an answer of 4xx, which Chromium notes by itself.
  expect(complaints.filter((line) => !/status of (409|422)/.test(line))).toEqual([]);
  expect(visitor.complaints).toEqual([]);
});

test("an owner registers a client by hand and sees its secret once, gets a new one, and deletes it", {
  timeout: 60_000,
}, async () => {
  const { page, complaints } = await openSettings();
  await page.getByRole("button", { name: "Register a client" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Nightly batch");
  await page.getByLabel("Redirect URIs").fill("http://batch.example/callback");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("it must be https, unless it is on localhost").waitFor();
  await page.screenshot({ path: join(SCREENSHOTS, "own-client-form.png"), fullPage: true });
  await page.getByLabel("Redirect URIs").fill("https://batch.example/callback\nhttp://localhost/callback");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("It is shown this once").waitFor();
  const secret = await dialog.locator("code").nth(1).textContent();
  expect(secret).toMatch(/^[\w-]{43}$/);
  await page.screenshot({ path: join(SCREENSHOTS, "own-client-secret.png") });
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await page.reload();
  await page.getByText("Nightly batch").waitFor();
  expect(await page.content()).not.toContain(secret);

  await page.getByRole("button", { name: "New secret for Nightly batch" }).click();
  await dialog.getByRole("button", { name: "Make a new secret" }).click();
  await dialog.getByText("Keep this secret now").waitFor();
  expect(await dialog.locator("code").nth(1).textContent()).not.toBe(secret);
  await dialog.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("button", { name: "Delete Nightly batch" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByText("Nightly batch").waitFor({ state: "hidden" });
  expect(complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
});

test("an owner blocks an app that is in use, and lets it in again", async () => {
  await house.ownerDb.updateTable("orgs").set({ client_policy: "any" }).execute();
  await tokenFor(member, endpoint.url);
  const { page } = await openSettings();
  await page.getByRole("listitem").filter({ hasText: "Test client" }).getByText("1 member").waitFor();
  await page.getByRole("button", { name: "Block Test client" }).click();
  await page.getByRole("dialog").getByText("One member is disconnected within a second").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await page.getByRole("listitem").filter({ hasText: "Test client" }).getByText("blocked", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Unblock Test client" }).click();
  await page.getByRole("button", { name: "Unblock Test client" }).waitFor({ state: "hidden" });
});

test.each(["light", "dark"] as const)("settings are usable on a telephone, %s", async (colorScheme) => {
  await tokenFor(member, endpoint.url);
  const { page } = await openSettings({ viewport: SIZES.narrow, colorScheme });
  await page.getByText("Test client").first().waitFor();
  expect(await isWiderThanTheScreen(page)).toBe(false);
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.screenshot({ path: join(SCREENSHOTS, `clients-narrow-${colorScheme}.png`), fullPage: true });
});
