import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withOrg } from "@gatehouse/store/database";
import { insertGrant } from "@gatehouse/store/grants";
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
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

let house: TestHouse;
let browser: Browser;
let acme: Org;
let owner: Person;
let member: Person;
let tickets: Endpoint;

/** The last run's, to be looked at. */
const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");
const PERMISSIONS = ["clipboard-read", "clipboard-write"];

beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse(), launchChromium()]);
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  owner = await house.addMember(acme, { email: "olive@acme.example", name: "Olive Owner", role: "owner" });
  member = await house.addMember(acme, { email: "max@acme.example", name: "Max Member" });
  tickets = await house.addConnector(acme, { slug: "tickets", url: "https://tickets.example.com/mcp" });
  await house.addConnector(acme, { slug: "wiki", url: "https://wiki.example.com/mcp" });
});
afterAll(async () => {
  await browser?.close();
  await house?.[Symbol.asyncDispose]();
});

const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 });
const panel = (page: Page, name: string) => page.getByRole("region", { name });

async function signedIn(person: Person, path: string, options: BrowserContextOptions = {}) {
  const opened = await openPage(browser, { permissions: PERMISSIONS, ...options });
  const { page, complaints } = opened;
  await page.goto(`${house.url}/dashboard/acme/${path}`);
  await page.getByLabel("Email").fill(person.email);
  await page.keyboard.press("Enter");
  const password = page.getByLabel("Password");
  await password.fill(person.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("navigation", { name: "Sections" }).waitFor();
  // Chromium notes the 401 that led to signing in.
  complaints.length = 0;
  return opened;
}

/** What the gateway says to a token: 401 until it is known, and after it has ended. */
async function statusOf(token: string): Promise<number> {
  const answer = await fetch(tickets.url, { method: "GET", headers: { authorization: `Bearer ${token}` } });
  return answer.status;
}

test("a member makes a token, copies it, sees it once, and ends it, all by keyboard", async () => {
  const { page, complaints } = await signedIn(member, "access");
  const tokens = panel(page, "Personal tokens");
  await tokens.getByRole("button", { name: "New token" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("CI of the website");
  await page.keyboard.press("Enter");
  await tokens.getByText("Choose at least one connector").waitFor();
  await tokens.getByRole("combobox", { name: "Connectors" }).focus();
  await page.keyboard.type("tick");
  await page.getByRole("option", { name: "wiki" }).waitFor({ state: "detached" });
  await page.getByRole("option", { name: "tickets" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await tokens.getByRole("radio", { name: "Read and change things" }).focus();
  await page.keyboard.press("Space");
  await page.screenshot({ path: join(SCREENSHOTS, "new-token.png"), fullPage: true });
  await tokens.getByRole("button", { name: "Make the token" }).focus();
  await page.keyboard.press("Enter");
  await tokens.getByText("Copy the token now").waitFor();
  const shown = (await tokens.locator("code").last().textContent())!;
  await page.screenshot({ path: join(SCREENSHOTS, "minted-token.png"), fullPage: true });
  expect(await accessibilityProblems(page)).toEqual([]);
  await tokens.getByRole("button", { name: "Copy the token" }).focus();
  await page.keyboard.press("Enter");
  await tokens.getByRole("button", { name: "the token copied" }).waitFor();
  const token = await page.evaluate<string>("navigator.clipboard.readText()");
  expect(token).toBe(shown);
  expect(token).toMatch(/^gate_pat_/);
  await vi.waitFor(async () => expect(await statusOf(token)).not.toBe(401), 3000);

  await tokens.getByRole("button", { name: "Done" }).click();
  const row = tokens.getByRole("listitem").filter({ hasText: "CI of the website" });
  expect(await row.textContent()).toMatch(/tickets · may read and change things/);
  await page.reload();
  await row.waitFor();
  expect(await page.content()).not.toContain(token);
  await vi.waitFor(async () => {
    await page.reload();
    await row.getByText(/Last used/).waitFor({ timeout: 1000 });
  }, 8000);

  await row.getByRole("button", { name: "End CI of the website" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "End" }).focus();
  await page.keyboard.press("Enter");
  await row.waitFor({ state: "detached" });
  await vi.waitFor(async () => expect(await statusOf(token)).toBe(401), 1000);
  expect(complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
});

test("a member disconnects an app that they let in", async () => {
  const { accessToken } = await tokenFor(member, tickets.url);
  expect(await statusOf(accessToken)).not.toBe(401);
  const { page, complaints } = await signedIn(member, "access");
  const row = panel(page, "Apps").getByRole("listitem").filter({ hasText: "Test client" });
  expect(await row.textContent()).toMatch(/nobody vouches for this name.*tickets · may read and change things/);
  await row.getByRole("button", { name: "Disconnect Test client" }).click();
  await page.getByRole("dialog").getByText("can no longer use tickets").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
  await row.getByRole("button", { name: "Disconnect Test client" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await row.waitFor({ state: "detached" });
  await vi.waitFor(async () => expect(await statusOf(accessToken)).toBe(401), 1000);
  expect(await panel(page, "Everyone's access").count()).toBe(0);
  expect(complaints).toEqual([]);
});

test("an owner makes a service account, gives it a token, suspends it, and deletes it", async () => {
  const { page, complaints } = await signedIn(owner, "service-accounts");
  await page.getByRole("button", { name: "New service account" }).click();
  await page.getByLabel("Name").fill("Deployment");
  await page.keyboard.press("Enter");
  const account = panel(page, "Deployment");
  await account.getByRole("button", { name: "New token for Deployment" }).click();
  await account.getByLabel("Name").fill("Pipeline");
  await account.getByRole("radio", { name: "All connectors" }).check();
  await page.keyboard.press("Enter");
  await account.getByText("Copy the token now").waitFor();
  const token = (await account.locator("code").last().textContent())!;
  expect(token).toMatch(/^gate_svc_/);
  await account.getByRole("button", { name: "Done" }).click();
  await vi.waitFor(async () => expect(await statusOf(token)).not.toBe(401), 3000);

  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByRole("cell", { name: "Deployment · Pipeline" }).first().waitFor();
  await page.getByRole("link", { name: "Service accounts" }).click();
  await account.getByRole("button", { name: "Suspend Deployment" }).click();
  await account.getByText("suspended just now").waitFor();
  await vi.waitFor(async () => expect(await statusOf(token)).toBe(401), 1000);
  await account.getByRole("button", { name: "Resume Deployment" }).click();
  await account.getByRole("button", { name: "Suspend Deployment" }).waitFor();
  await vi.waitFor(async () => expect(await statusOf(token)).not.toBe(401), 1000);

  await account.getByRole("button", { name: "Delete Deployment" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No service accounts yet").waitFor();
  await vi.waitFor(async () => expect(await statusOf(token)).toBe(401), 1000);
  expect(complaints).toEqual([]);
});

test("an owner looks at what a member has connected, and ends it", async () => {
  const { accessToken } = await tokenFor(member, tickets.url);
  const { page, complaints } = await signedIn(owner, "access");
  await panel(page, "Everyone's access").getByRole("link", { name: "Max Member" }).click();
  await heading(page, "What Max Member has connected").waitFor();
  expect(await page.getByRole("button", { name: "New token" }).count()).toBe(0);
  await page.getByRole("button", { name: "Disconnect Test client" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await page.getByText("No app is connected").waitFor();
  await vi.waitFor(async () => expect(await statusOf(accessToken)).toBe(401), 1000);
  expect(complaints).toEqual([]);
});

async function furnish(): Promise<void> {
  const days = (count: number) => new Date(Date.now() + count * 24 * 60 * 60_000);
  const terms = { clientDigest: "", redirectHost: "", writes: [] };
  const by = { userId: owner.id, connectorId: tickets.id, expiresAt: days(90), terms };
  const apps = [
    { clientName: "Claude", clientHost: "claude.ai", scopes: ["mcp:read", "mcp:write"] },
    {
      clientName: "An agent with a name that is rather long, for whatever reason",
      clientHost: null,
      scopes: ["mcp:read"],
    },
  ];
  await withOrg(house.ownerDb, acme.id, async (scope) => {
    for (const app of apps) await insertGrant(scope, { id: randomUUID(), clientId: app.clientName, ...by, ...app });
    await scope.db
      .insertInto("static_tokens")
      .values(
        ["CI of the website", "An old one"].map((name, at) => ({
          ...{ id: randomUUID(), org_id: acme.id, user_id: owner.id, service_account_id: null, created_by: owner.id },
          ...{ hash: Buffer.from(name), name, scopes: ["mcp:read"], connector_ids: at ? null : [tickets.id] },
          ...{ expires_at: days(at ? -1 : 60), last_used_at: at ? days(-2) : null },
        })),
      )
      .execute();
  });
}

describe("to be looked at", () => {
  beforeAll(furnish);
  const looks = (Object.keys(SIZES) as (keyof typeof SIZES)[]).flatMap((size) =>
    (["light", "dark"] as const).map((scheme) => [size, scheme] as const),
  );

  test.each(looks)("%s, %s: can be read, and reached by a screen reader", async (size, colorScheme) => {
    const { page, complaints } = await signedIn(owner, "access", { viewport: SIZES[size], colorScheme });
    await page.getByText("Claude").first().waitFor();
    await page.getByRole("link", { name: "Max Member" }).waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, `access-${size}-${colorScheme}.png`), fullPage: true });
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await isWiderThanTheScreen(page)).toBe(false);
    await page.getByRole("button", { name: "Disconnect Claude" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep" }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.goto(`${house.url}/dashboard/acme/service-accounts`);
    await page.getByRole("button", { name: "New service account" }).click();
    await page.getByLabel("Name").fill(`Deployment ${size} ${colorScheme}`);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: `New token for Deployment ${size} ${colorScheme}` }).click();
    await page.getByRole("combobox", { name: "Connectors" }).waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, `service-accounts-${size}-${colorScheme}.png`), fullPage: true });
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await isWiderThanTheScreen(page)).toBe(false);
    expect(complaints).toEqual([]);
  });
});
