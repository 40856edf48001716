import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  accessibilityProblems,
  isWiderThanTheScreen,
  launchChromium,
  openPage,
  type Page,
  SIZES,
} from "@gatehouse/testing/chromium";
import { startHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";
import { endSession, signInAgain } from "./sign-in-again.ts";
import { signIn } from "./signed-in.ts";

const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");

test("who edits what another has changed meanwhile is told, and loses nothing; a token for the API is made", {
  timeout: 90_000,
}, async () => {
  await using house = await startHouse({ apps: ["auth", "dashboard"] });
  const org = await house.addOrg({ slug: "acme", name: "Acme" });
  const owner = await house.addMember(org, { email: "olga@acme.example", role: "owner" });
  const mia = await house.addMember(org, { email: "mia@acme.example", name: "Mia" });
  await house.addConnector(org, {
    slug: "files",
    url: "http://files.example/mcp",
    tools: [{ name: "list" }],
  });
  const asAdmin = await signIn(house, await house.addMember(org, { email: "adam@acme.example", role: "admin" }));
  await using browser = await launchChromium();
  const asAdminDoes = async (method: string, path: string, body: object) =>
    expect((await asAdmin(method, `/api/orgs/acme${path}`, body)).status).toBe(204);

  /** What is no form of its own: a name, a choice, a role, a switch. */
  async function editElsewhere(page: Page): Promise<void> {
    const meanwhile = page.getByText("adam@acme.example has changed this meanwhile");
    const called = page.getByLabel("Name of the organisation");
    await called.fill("Acme International");
    await asAdminDoes("PUT", "/name", { name: "Acme Ltd" });
    await page.getByRole("region", { name: "Name" }).getByRole("button", { name: "Save" }).click();
    await meanwhile.waitFor();
    expect(await called.inputValue()).toBe("Acme International");
    await page.getByRole("button", { name: "See theirs" }).click();
    await expect.poll(() => called.inputValue()).toBe("Acme Ltd");

    await asAdminDoes("PUT", "/clients/policy", { policy: "approved" });
    await page.getByLabel("Only apps on a list").check({ force: true });
    await meanwhile.waitFor();
    await expect.poll(() => page.getByLabel("Only apps that an admin has approved").isChecked()).toBe(true);
    await asAdminDoes("PUT", "/clients/policy", { policy: "any" });

    await page.goto(`${house.url}/dashboard/acme/people`);
    const role = page.getByLabel("Role of Mia");
    await role.waitFor();
    await asAdminDoes("PATCH", `/people/members/${mia.id}`, { role: "auditor" });
    await role.selectOption("admin");
    await meanwhile.waitFor();
    await expect.poll(() => role.inputValue()).toBe("auditor");
    await role.selectOption("member");
    await expect
      .poll(async () => (await asAdmin("GET", `/api/orgs/acme/people/members/${mia.id}`)).json.role)
      .toBe("member");

    await page.goto(`${house.url}/dashboard/acme/connectors/files/tools`);
    const offered = page.getByLabel("Offer list");
    await offered.waitFor();
    await asAdminDoes("PATCH", "/connectors/files/tools/list", {
      classification: "read",
    });
    await offered.click({ force: true });
    await meanwhile.waitFor();
    for (let times = 0; times < 4; times++) await offered.click({ force: true });
    await meanwhile.waitFor({ state: "hidden" });
  }

  for (const [name, options] of [
    ["wide-light", { viewport: SIZES.wide, colorScheme: "light" }],
    ["narrow-dark", { viewport: SIZES.narrow, colorScheme: "dark" }],
  ] as const) {
    const { page } = await openPage(browser, options);
    const look = async (step: string) => {
      await page.screenshot({ path: join(SCREENSHOTS, `${step}-${name}.png`), fullPage: true });
      expect([step, await accessibilityProblems(page)]).toEqual([step, []]);
      expect([step, await isWiderThanTheScreen(page)]).toEqual([step, false]);
    };
    const change = async (accessTokenTtlSeconds: number) => {
      const set = { accessTokenTtlSeconds, refreshTokenTtlSeconds: null, refreshTokenTtlSecondsMax: null };
      expect((await asAdmin("PUT", "/api/orgs/acme/token-lifetimes", set)).status).toBe(204);
    };
    await change(600);
    await page.goto(`${house.url}/dashboard/acme/settings`);
    await page.getByLabel("Email").fill(owner.email);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    const panel = page.getByRole("region", { name: "Staying connected" });
    const access = panel.getByLabel("Access token");
    const save = panel.getByRole("button", { name: "Save", exact: true });

    await access.selectOption({ label: "4 hours" });
    await change(300);
    await endSession(page);
    await save.click();
    await signInAgain(page);
    await panel.getByText("adam@acme.example has changed this meanwhile").waitFor();
    expect(await access.inputValue()).toBe("14400");
    await look("changed-meanwhile");
    await panel.getByRole("button", { name: "See theirs" }).click();
    await expect.poll(() => access.inputValue()).toBe("300");

    await access.selectOption({ label: "4 hours" });
    await change(900);
    await save.click();
    await panel.getByRole("button", { name: "Save mine" }).click();
    await panel.getByText("Saved", { exact: true }).waitFor();
    const { json } = await asAdmin("GET", "/api/orgs/acme/token-lifetimes");
    expect(json.set.accessTokenTtlSeconds).toBe(14_400);

    if (name === "wide-light") await editElsewhere(page);

    await page.goto(`${house.url}/dashboard/acme/access`);
    await page.getByRole("button", { name: "New token" }).click();
    await page.getByLabel("Name").fill(`Terraform ${name}`);
    await page.getByLabel("The management API of this organisation, and no connector").check();
    await page.getByLabel("Read it, and change what its holder may change").check();
    await look("management-token");
    await page.getByRole("button", { name: "Make the token" }).click();
    const token = await page.getByText(/^gate_pat_/).innerText();
    const answer = await fetch(`${house.url}/api/orgs/acme/people`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("The management API · may read and change things").first().waitFor();
    await page.close();
  }
});
