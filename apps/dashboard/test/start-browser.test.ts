import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  accessibilityProblems,
  type Browser,
  isWiderThanTheScreen,
  launchChromium,
  openPage,
  type Page,
  SIZES,
} from "@gatehouse/testing/chromium";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { endSession, signInAgain } from "./sign-in-again.ts";

vi.setConfig({ testTimeout: 120_000 });

// From an empty org to a colleague's first call, as an owner and a colleague go, in a real browser.

/** The last run's, to be looked at. */
const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");
const PASSWORD = "a horse that is correct";

let browser: Browser;
let house: TestHouse;

beforeAll(async () => {
  await mkdir(SCREENSHOTS, { recursive: true });
  const egressAllow = ["127.0.0.1", "localhost"];
  [house, browser] = await Promise.all([startHouse({ egressAllow }), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await house?.[Symbol.asyncDispose]();
});

const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 }).waitFor();

/** Accessible, no wider than the screen, and to be looked at, wide and light, narrow and dark. */
async function look(page: Page, step: string): Promise<void> {
  expect([step, await accessibilityProblems(page)]).toEqual([step, []]);
  for (const [size, colorScheme] of [
    ["narrow", "dark"],
    ["wide", "light"],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(SIZES[size]);
    await page.screenshot({ path: join(SCREENSHOTS, `start-${step}-${size}.png`), fullPage: true });
    expect([step, size, await isWiderThanTheScreen(page)]).toEqual([step, size, false]);
  }
}

async function signIn(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await page.goto(`${house.url}/dashboard`);
  await page.getByLabel("Email").fill(email);
  await page.keyboard.press("Enter");
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
}

test("an owner is led from an empty org to a colleague's first call, leaves in between, and loses nothing typed", async () => {
  await using fixture = await startModernFixture();
  const acme = await house.addOrg({ slug: "acme", name: "Acme" });
  const owner = await house.addMember(acme, { email: "olive@acme.example", name: "Olive", role: "owner" });
  const { page, complaints } = await openPage(browser);
  await signIn(page, owner);
  await heading(page, "Connectors");
  await page.getByRole("link", { name: "Start", exact: true }).click();
  await heading(page, "Start");
  expect(new URL(page.url()).pathname).toBe("/dashboard/acme");
  await look(page, "empty");

  await page.getByRole("link", { name: "Begin" }).click();
  await page.getByRole("link", { name: /Notion/ }).waitFor();
  await look(page, "catalogue");
  await page.getByRole("link", { name: /Notion/ }).click();
  expect(await page.getByLabel("URL of the MCP server").inputValue()).toBe("https://mcp.notion.com/mcp");
  await page.getByText("MCP URL", { exact: true }).click();
  await page.getByLabel("Name", { exact: true }).fill("Tools");
  await page.getByLabel("URL of the MCP server").fill("http://127.0.0.1:1/mcp");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("refuses connections. Check the port").waitFor();
  await look(page, "refused");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Gatehouse cannot be reached").waitFor();
  await page.context().setOffline(false);
  await endSession(page);
  await page.getByLabel("URL of the MCP server").fill(fixture.url.href);
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("You have been signed out").waitFor();
  await look(page, "signed-out");
  await signInAgain(page);

  await heading(page, "Look at what was found");
  await page.getByRole("heading", { name: /^Risk: / }).waitFor();
  await look(page, "found");
  await page.getByRole("link", { name: "Next: choose its tools" }).click();
  await page.getByRole("button", { name: "Classify as the server suggests" }).click();
  await page.getByRole("link", { name: "Next: invite people" }).waitFor();
  await look(page, "tools");
  await page.getByRole("link", { name: "Next: invite people" }).click();
  await page.getByLabel("Email addresses").fill("Carl <carl@new.example>; olive@acme.example, nonsense");
  await page.getByRole("button", { name: "Send invitations" }).click();
  await page.getByText("One person was invited").waitFor();
  await look(page, "invite");
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("link", { name: "Next: connect Claude" }).click();
  await page.getByText(`claude mcp add --transport http tools ${house.url}/acme/tools/mcp`).waitFor();
  await look(page, "connect");
  await page.getByRole("tab", { name: "claude.ai" }).click();
  await page.getByLabel("Its public name").fill("gate.acme.example");
  await page.getByText("PUBLIC_URL=https://gate.acme.example").waitFor();
  await page.getByRole("tab", { name: "Tunnel" }).click();
  await page.getByText("cloudflared tunnel route dns gatehouse gate.acme.example").waitFor();
  await look(page, "local");

  const mail = await vi.waitFor(() => house.mails.find(({ to }) => to === "carl@new.example") ?? expect.fail());
  const colleague = await openPage(browser);
  await colleague.page.goto(/http\S+/.exec(mail.text)![0]);
  await colleague.page.getByLabel("Your name").fill("Carl");
  await colleague.page.getByLabel("Password").fill(PASSWORD);
  await colleague.page.getByRole("button", { name: "Create account and join" }).click();
  await heading(colleague.page, "Connectors");
  await colleague.page.getByRole("link", { name: "My access" }).click();
  const address = `${house.url}/acme/tools/mcp`;
  await colleague.page.getByText(`claude mcp add --transport http tools ${address}`).waitFor();
  const carl = { id: "", email: "carl@new.example", password: PASSWORD };
  const { client } = await connectV2(address, carl);
  const { content } = await client.callTool({ name: "test_simple_text", arguments: {} });
  expect(content).not.toEqual([]);
  await client.close();
  await colleague.page.reload();
  await colleague.page.getByRole("region", { name: "My calls" }).getByText("test_simple_text").waitFor();
  await look(colleague.page, "my-access");

  await page.getByText("A client is connected").waitFor();
  await page.getByRole("link", { name: "Tell them by mail" }).click();
  await page.getByLabel("A note of your own").fill("For tickets.");
  await look(page, "announce");
  await page.getByRole("button", { name: "Send to 1 person" }).click();
  await page.getByText("On its way to 1 person").waitFor();
  await vi.waitFor(() => expect(house.mails.at(-1)?.text).toContain("For tickets."));
  await page.goto(`${house.url}/dashboard/acme`);
  await heading(page, "Connectors");
  expect(await page.getByRole("link", { name: "Start", exact: true }).count()).toBe(0);
  await look(page, "connectors");
  // The refusals that were asked for are noted by Chromium itself.
  expect(complaints.filter((line) => !/status of (401|422)|ERR_INTERNET_DISCONNECTED/.test(line))).toEqual([]);
});
