import { tmpdir } from "node:os";
import { join } from "node:path";
import { countUsage } from "@gatehouse/gatehouse/usage/count-usage";
import { newAuditId } from "@gatehouse/store/audit";
import { openAuditWriter } from "@gatehouse/store/audit-writer";
import { openDatabase } from "@gatehouse/store/database";
import { chainEverything } from "@gatehouse/testing/chain-everything";
import {
  accessibilityProblems,
  isWiderThanTheScreen,
  launchChromium,
  openPage,
  SIZES,
} from "@gatehouse/testing/chromium";
import { startHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";

const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");

async function startUsed() {
  const house = await startHouse({ apps: ["auth", "dashboard"] });
  const org = await house.addOrg({ slug: "acme", name: "Acme" });
  const owner = await house.addMember(org, { email: "olga@acme.example", role: "owner" });
  const tools = [{ name: "look", inputSchema: { type: "object" } }];
  const endpoint = await house.addConnector(org, { slug: "tools", url: "http://127.0.0.1:9/mcp", tools });
  const same = { orgId: org.id, userId: owner.id, connectorId: endpoint.id, event: "call" as const, outcome: "ok" };
  const entry = { phase: "whole", tool: "look", client: "claude", bytes_in: 200, bytes_out: 9000, duration_ms: 42 };
  await using writer = openAuditWriter({ access: house.access, onError: (error) => expect.unreachable(String(error)) });
  const hours = Array.from({ length: 60 }, (_, index) => new Date(Date.now() - index * index * 60_000));
  await Promise.all(hours.map((at) => writer.append({ id: newAuditId(), at, ...same, entry })));
  await using chain = openDatabase(house.access, "gatehouse_chain", 2);
  await chainEverything(chain);
  await countUsage(chain);
  return { house, owner, endpoint, [Symbol.asyncDispose]: () => house[Symbol.asyncDispose]() };
}

test("an owner limits each member and one connector, and sees what is used", { timeout: 120_000 }, async () => {
  await using used = await startUsed();
  const { house, owner } = used;
  await using browser = await launchChromium();
  for (const [name, options] of [
    ["wide-light", { viewport: SIZES.wide, colorScheme: "light" }],
    ["narrow-dark", { viewport: SIZES.narrow, colorScheme: "dark" }],
  ] as const) {
    const { page, complaints } = await openPage(browser, options);
    const look = async (step: string) => {
      await page.screenshot({ path: join(SCREENSHOTS, `${step}-${name}.png`), fullPage: true });
      expect([step, await accessibilityProblems(page)]).toEqual([step, []]);
      expect([step, await isWiderThanTheScreen(page)]).toEqual([step, false]);
    };
    await page.goto(`${house.url}/dashboard`);
    await page.getByLabel("Email").fill(owner.email);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "Usage" }).click();
    await page.getByRole("heading", { name: "By connector" }).waitFor();
    await page
      .getByRole("img", { name: /Calls over time/ })
      .locator("canvas")
      .waitFor();
    await look("usage");
    await page.getByRole("link", { name: "Limits" }).click();
    await page.getByRole("button", { name: "Change the limits of Each member" }).click();
    await page.getByLabel("Calls a minute").fill("5000");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Your plan allows 1,200 at most").waitFor();
    await look("limits-refused");
    await page.getByLabel("Calls a minute").fill("300");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/300 a minute/).waitFor();
    await page.goto(`${house.url}/dashboard/acme/connectors/tools/settings`);
    await page.getByRole("button", { name: "Change the limits of All calls of this connector" }).click();
    await page.getByLabel("Megabytes a day").fill("50");
    await page.getByRole("button", { name: "Save" }).last().click();
    await page.getByText("50 MB a day").waitFor();
    await page.goto(`${house.url}/dashboard/acme/limits`);
    await page.getByText("50 MB a day").waitFor();
    await look("limits");
    expect(complaints.filter((complaint) => !/ (401|422) /.test(complaint))).toEqual([]);
    await page.context().close();
  }
});
