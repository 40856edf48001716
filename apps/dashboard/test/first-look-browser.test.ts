import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI } from "@gatehouse/testing/accounts/whoami";
import {
  accessibilityProblems,
  isWiderThanTheScreen,
  launchChromium,
  openPage,
  SIZES,
} from "@gatehouse/testing/chromium";
import { startHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";

/** The last run's, to be looked at. */
const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");

test("a server that shows nothing to strangers is registered, linked and seen by its owner, in a browser", async () => {
  await mkdir(SCREENSHOTS, { recursive: true });
  await using accounts = await startSdkServer();
  await using upstream = await startWhoAmI(accounts);
  await using house = await startHouse({ egressAllow: ["127.0.0.1", "localhost"] });
  const browser = await launchChromium();
  const olive = await house.addMember(await house.addOrg({ slug: "acme" }), {
    ...{ email: "olive@acme.example", role: "owner" },
  });
  const { page, complaints } = await openPage(browser);
  const shoot = (name: string) =>
    page.screenshot({ path: join(SCREENSHOTS, `first-look-${name}.png`), fullPage: true });
  await page.goto(`${house.url}/dashboard/acme/connectors/new`);
  await page.getByLabel("Email").fill(olive.email);
  await page.keyboard.press("Enter");
  await page.getByLabel("Password").fill(olive.password);
  await page.keyboard.press("Enter");
  await page.getByLabel("Name", { exact: true }).fill("Notes");
  await page.getByLabel("URL of the MCP server").fill(upstream.url);
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Each member with their own account").waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await shoot("offered");
  complaints.length = 0;
  await page.getByRole("button", { name: "Register it so" }).click();
  const link = page.getByRole("link", { name: "Link your Notes account" });
  await link.waitFor();
  await page.getByText("Not seen yet").waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  for (const [size, { width, height }] of Object.entries(SIZES).reverse()) {
    await page.setViewportSize({ width, height });
    expect(await isWiderThanTheScreen(page), size).toBe(false);
    await shoot(`unseen-${size}`);
  }
  await link.click();
  await page.getByRole("button", { name: /^Go to/ }).click();
  await page.getByLabel("User").fill("olive upstream");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${house.url}/dashboard/acme/connectors/notes`);
  await page.getByText("Not seen yet").waitFor({ state: "detached" });
  const sections = page.getByRole("navigation", { name: "Sections of Notes" });
  await sections.getByRole("link", { name: "Tools" }).click();
  await page.getByRole("heading", { name: "whoami" }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await shoot("seen");
  expect(complaints).toEqual([]);
  await browser.close();
}, 60_000);

test("an owner enters where members sign in, and the app's id and secret, which nobody sees again", async () => {
  await using accounts = await startSdkServer();
  await using upstream = await startWhoAmI(accounts, { silent: true });
  await using house = await startHouse({ egressAllow: ["127.0.0.1", "localhost"] });
  const browser = await launchChromium();
  const olive = await house.addMember(await house.addOrg({ slug: "acme" }), {
    ...{ email: "olive@acme.example", role: "owner" },
  });
  const { page } = await openPage(browser);
  await page.goto(`${house.url}/dashboard/acme/connectors/new`);
  await page.getByLabel("Email").fill(olive.email);
  await page.keyboard.press("Enter");
  await page.getByLabel("Password").fill(olive.password);
  await page.keyboard.press("Enter");
  await page.getByLabel("Name", { exact: true }).fill("Notes");
  await page.getByLabel("URL of the MCP server").fill(upstream.url);
  await page.getByLabel("The server asks for").selectOption({ label: "Members link their accounts (OAuth)" });
  await page.getByLabel("Who signs them in").selectOption({ label: "Another, at addresses that I enter" });
  await page.getByLabel("Authorization endpoint").fill("javascript:alert(1)");
  await page.getByLabel("Token endpoint").fill(new URL("/token", accounts.issuer).href);
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Enter the whole URL, beginning with https://").waitFor();
  await page.screenshot({ path: join(SCREENSHOTS, "endpoints-new.png"), fullPage: true });
  await page.getByLabel("Authorization endpoint").fill(new URL("/authorize", accounts.issuer).href);
  await page.getByRole("button", { name: "Register", exact: true }).click();
  const sections = page.getByRole("navigation", { name: "Sections of Notes" });
  await sections.getByRole("link", { name: "People" }).click();
  await page.getByRole("button", { name: "Enter an OAuth app" }).click();
  await page.getByLabel("Client ID").fill("gatehouse");
  await page.getByLabel("Client secret").fill("canary-secret");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText(/as the OAuth app gatehouse/).waitFor();
  await page.reload();
  await page.getByText(/as the OAuth app gatehouse/).waitFor();
  expect(await page.content()).not.toContain("canary-secret");
  await page.screenshot({ path: join(SCREENSHOTS, "endpoints-kept.png"), fullPage: true });
  await browser.close();
}, 60_000);
