import { withOrg } from "@gatehouse/store/database";
import { insertOperator } from "@gatehouse/store/operators";
import { updatePlan } from "@gatehouse/store/plans";
import { type Browser, launchChromium, openPage, type Page, problemsOf } from "@gatehouse/testing/chromium";
import { startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endSession, signInAgain } from "./sign-in-again.ts";

const READS = new Set(["test_simple_text", "json_schema_2020_12_tool", "test_multiple_content_types"]);

let stack: AsyncDisposableStack;
let house: TestHouse;
let browser: Browser;
let owner: Person;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const fixture = stack.use(await startModernFixture());
  house = stack.use(await startHouse());
  browser = await launchChromium();
  stack.defer(() => browser.close());
  const org = await house.addOrg({ slug: "acme", name: "Acme" });
  owner = await house.addMember(org, { email: "olga@acme.example", name: "Olga", role: "owner" });
  await insertOperator(house.ownerDb, owner.id);
  const tools = (await listTools(fixture.url)).map((tool) => ({
    ...tool,
    classification: READS.has(tool.name) ? ("read" as const) : null,
  }));
  await house.addConnector(org, { slug: "everything", url: fixture.url.href, tools });
});
afterAll(() => stack.disposeAsync());

async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.goto(`${house.url}/dashboard`);
  await page.getByLabel("Email").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Connectors" }).waitFor();
}

test("a tool is tried by a form from its schema, a write after a second click, and a question is answered", {
  timeout: 120_000,
}, async () => {
  const { page, complaints } = await openPage(browser);
  await signIn(page, owner);
  await page.getByRole("link", { name: "everything" }).click();
  await page
    .getByRole("navigation", { name: "Sections of everything" })
    .getByRole("link", { name: "Playground" })
    .click();
  await page.getByPlaceholder("Choose a tool").fill("json_schema");
  await page.getByRole("option", { name: /json_schema_2020_12_tool/ }).click();
  await page.getByLabel("contactMethod").selectOption("phone");
  await page.getByRole("button", { name: "Add address" }).click();
  await page.getByLabel("city").fill("Ulm");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByText("Nothing was sent").waitFor();
  expect(await problemsOf(page, "playground-refused")).toEqual([]);
  await page.getByLabel("phone", { exact: true }).fill("+49 731 1");
  await page.getByText("JSON", { exact: true }).click();
  expect(JSON.parse(await page.getByLabel("Arguments, as JSON").inputValue())).toEqual({
    ...{ contactMethod: "phone", phone: "+49 731 1", address: { city: "Ulm" } },
  });
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByRole("region", { name: "Text" }).getByText("Ulm").waitFor();
  expect(await problemsOf(page, "playground")).toEqual([]);

  await page.getByPlaceholder("Choose a tool").fill("test_elicitation");
  await page.getByRole("option", { name: "test_elicitation", exact: true }).click();
  await page.getByLabel("message").fill("Who are you?");
  await page.getByRole("button", { name: "Call…" }).click();
  await page.getByRole("button", { name: "Call it" }).click();
  await page.getByText("everything asks").waitFor();
  await page.getByRole("textbox", { name: "response" }).fill("Olga");
  expect(await problemsOf(page, "playground-asked")).toEqual([]);
  await page.getByRole("button", { name: "Answer" }).click();
  await page.getByText(/Elicitation completed: action=accept/).waitFor();
  await page.getByRole("link", { name: "In the audit log" }).click();
  await page
    .getByRole("row", { name: /test_elicitation/ })
    .first()
    .waitFor();
  expect(complaints.filter((complaint) => !/ (401|422) /.test(complaint))).toEqual([]);
  await page.context().close();
});

test("each tab of a connector has an address of its own", { timeout: 120_000 }, async () => {
  const { page } = await openPage(browser);
  await signIn(page, owner);
  for (const [tab, sign] of [
    ["", "Check again"],
    ["/playground?kind=resources&name=test%3A%2F%2Fstatic-text", "It takes no arguments"],
    ["/credential", "Address and credentials"],
    ["/activity", "Newest first"],
    ["/settings", "Who may use it"],
  ]) {
    await page.goto(`${house.url}/dashboard/acme/connectors/everything${tab}`);
    await page.getByText(sign!).first().waitFor();
    const name = tab!.replace(/\W.*|^\//g, "") || tab!.slice(1).split("?")[0] || "overview";
    expect(await problemsOf(page, `connector-${name}`)).toEqual([]);
  }
  await page.context().close();
});

test("an operator finds an org, makes a plan for it, suspends it and sees what runs", {
  timeout: 120_000,
}, async () => {
  const { page, complaints } = await openPage(browser);
  const beta = await house.addOrg({ slug: "beta", name: "Beta" });
  await signIn(page, owner);
  await page.getByRole("button", { name: "Your account" }).click();
  await page.getByRole("link", { name: "Operators" }).click();
  await page.getByRole("searchbox", { name: "Search organisations" }).fill("bet");
  await page.waitForURL(/search=bet/);
  await page.getByRole("link", { name: "Acme" }).waitFor({ state: "hidden" });
  expect(await problemsOf(page, "platform-orgs")).toEqual([]);
  await page.getByRole("link", { name: "Plans" }).click();
  await page.getByRole("button", { name: "New plan" }).click();
  await page.getByLabel("Name").fill("default");
  await page.getByRole("group", { name: "Each member" }).getByLabel("Calls a minute").fill("60");
  await endSession(page);
  await page.getByRole("button", { name: "Save" }).click();
  await signInAgain(page);
  await page.getByText("There is a plan “default” already").waitFor();
  expect(await problemsOf(page, "platform-new-plan")).toEqual([]);
  await page.getByLabel("Name").fill("small");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("region", { name: "small" }).getByText("60 a minute").waitFor();
  await page.goto(`${house.url}/dashboard/platform/orgs/beta`);
  await page.getByRole("combobox", { name: "Plan" }).selectOption("small");
  await withOrg(house.ownerDb, beta.id, (scope) => updatePlan(scope, "small"));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("Somebody else has changed this meanwhile").waitFor();
  await page.getByRole("button", { name: "See theirs" }).click();
  await page.getByRole("alert").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Suspend Beta…" }).click();
  const dialog = page.getByRole("dialog", { name: "Suspend Beta" });
  expect(await dialog.getByRole("button", { name: "Suspend Beta" }).isDisabled()).toBe(true);
  await dialog.getByLabel("Type “beta” to confirm").fill("beta");
  expect(await problemsOf(page, "platform-suspend")).toEqual([]);
  await dialog.getByRole("button", { name: "Suspend Beta" }).click();
  await page.getByRole("button", { name: "Resume Beta…" }).waitFor();
  expect(await problemsOf(page, "platform-org")).toEqual([]);
  await page.getByRole("link", { name: "Health" }).click();
  await page.getByText("Processes (1 of 1 alive)").waitFor();
  expect(await problemsOf(page, "platform-health")).toEqual([]);
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByRole("link", { name: "changed a plan" }).waitFor();
  expect(await problemsOf(page, "platform-audit")).toEqual([]);
  expect(complaints.filter((complaint) => !/ (401|409|412) /.test(complaint))).toEqual([]);
  await page.context().close();
});
