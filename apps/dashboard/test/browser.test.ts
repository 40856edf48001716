import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { insertMembership, type Org } from "@gatehouse/store/orgs";
import {
  accessibilityProblems,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  launchChromium,
  openPage,
  type Page,
  problemsOf,
} from "@gatehouse/testing/chromium";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { type Endpoint, type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 });

let house: TestHouse;
let browser: Browser;
let acme: Org;
let owner: Person;
let member: Person;
let everything: Endpoint;

const tool = (name: string, hints = {}) => ({
  name,
  description: `What ${name} does, told in a sentence that is long enough to be wrapped on a telephone.`,
  inputSchema: { type: "object" },
  annotations: hints,
});

beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse({ egressAllow: ["127.0.0.1"] }), launchChromium()]);
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  owner = await house.addMember(acme, { email: "olive@acme.example", name: "Olive Owner", role: "owner" });
  member = await house.addMember(acme, { email: "max@acme.example", name: "Max Member" });
  everything = await house.addConnector(acme, {
    slug: "everything",
    url: "https://everything.example.com/mcp",
    tools: [
      { ...tool("echo", { readOnlyHint: true }), classification: "read" },
      tool("get_sum", { readOnlyHint: true }),
    ],
  });
  const beta = await house.addOrg({ slug: "beta", name: "Beta" });
  await withOrg(house.ownerDb, beta.id, (scope) => insertMembership(scope, { userId: owner.id, role: "auditor" }));
});
afterAll(async () => {
  await browser?.close();
  await house?.[Symbol.asyncDispose]();
});

const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 });

const openTab = (page: Page, name: string) =>
  page
    .getByRole("navigation", { name: /^Sections of/ })
    .getByRole("link", { name })
    .click();

async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel("Email").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

type Cookies = Awaited<ReturnType<BrowserContext["storageState"]>>;
const cookies = new Map<Person, Cookies>();

/** On the page of connectors; whoever was signed in before is so still. */
async function signedIn(person: Person, options: BrowserContextOptions = {}) {
  const storageState = cookies.get(person);
  const opened = await openPage(browser, { ...options, ...(storageState ? { storageState } : {}) });
  const { page } = opened;
  await page.goto(house.url);
  if (!storageState) await signIn(page, person);
  await heading(page, "Connectors").waitFor();
  if (!storageState) {
    cookies.set(person, await page.context().storageState());
    // Chromium notes the 401 that led to signing in.
    opened.complaints.length = 0;
  }
  return opened;
}

test("a person signs in and sees their org's connectors, with the address to give to a client", async () => {
  const { page, complaints } = await signedIn(owner);
  expect(new URL(page.url()).pathname).toBe("/dashboard/acme/connectors");
  const row = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: "everything" }) });
  expect(await row.textContent()).toContain("2 tools");
  expect(await row.locator("code").textContent()).toBe(everything.url);
  await page.getByText(`claude mcp add --transport http everything ${everything.url}`).waitFor();
  expect(complaints).toEqual([]);
});

test("someone who is sent to sign in comes back to the page they wanted", async () => {
  const { page } = await openPage(browser);
  await page.goto(`${house.url}/dashboard/acme/audit`);
  await signIn(page, owner);
  await heading(page, "Audit log").waitFor();
});

test("an owner registers a server; what was wrong stands beside its field, and nothing typed is lost", async () => {
  await using fixture = await startModernFixture();
  await using webPage = await listenOnLoopback((_, res) => {
    res.writeHead(200, { "content-type": "text/html" }).end("<h1>Hello");
  });
  const { page, complaints } = await signedIn(owner);
  await page.getByRole("link", { name: "Register connector" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Größe & Maß");
  const slug = page.getByLabel("Name in the address");
  expect(await slug.inputValue()).toBe("grosse-mass");
  await slug.fill("everything");
  await page.getByLabel("URL of the MCP server").fill(webPage.origin);
  await page.getByLabel("The server asks for").selectOption("Bearer token");
  await page.getByRole("textbox", { name: "Token" }).fill("a-token");
  await page.getByRole("button", { name: "Register" }).click();

  await page.getByText("There is a web page at this address, not an MCP server (it answered 200)").waitFor();
  const url = page.getByLabel("URL of the MCP server");
  expect(await page.locator(":focus").getAttribute("name")).toBe("url");
  expect(await url.getAttribute("aria-invalid")).toBe("true");
  expect(await page.getByRole("textbox", { name: "Token" }).inputValue()).toBe("a-token");

  await url.fill(fixture.url.href);
  await page.keyboard.press("Enter");
  await page.getByText("is, or once was, the address of another connector").waitFor();
  await slug.fill("measures");
  await page.keyboard.press("Enter");
  await heading(page, "Größe & Maß").waitFor();
  await openTab(page, "Tools");
  await page.getByText("test_simple_text").waitFor();

  await page.getByRole("link", { name: "Connectors", exact: true }).first().click();
  await page.getByRole("link", { name: "Größe & Maß" }).waitFor();
  // Each refusal is an answer of 4xx, which Chromium notes by itself.
  expect(complaints.filter((line) => !/status of (422|409)/.test(line))).toEqual([]);
});

test("an owner classifies a tool and takes it out of the offer; it stays so", async () => {
  const { page, complaints } = await signedIn(owner);
  await page.getByRole("link", { name: "everything" }).click();
  await openTab(page, "Tools");
  await page.getByText("The server suggests: read").waitFor();
  const saved = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.getByLabel("Classification of get_sum").selectOption("Read");
  await saved;
  const savedToo = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.getByLabel("Offer get_sum").focus();
  await page.keyboard.press("Space");
  await savedToo;
  await page.reload();
  expect(await page.getByLabel("Classification of get_sum").inputValue()).toBe("read");
  expect(await page.getByLabel("Offer get_sum").isChecked()).toBe(false);
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByText("changed a tool: get_sum").first().waitFor();
  expect(complaints).toEqual([]);
});

test("an owner checks an upstream again, and pins the eras of both edges", async () => {
  await using fixture = await startLegacyFixture();
  const tools = [
    tool("gone"),
    { ...tool("test_simple_text", { readOnlyHint: true }), classification: "read" as const },
  ];
  await house.addConnector(acme, { slug: "rechecked", url: fixture.url.href, era: "modern", tools });
  const { page, complaints } = await signedIn(owner);
  await page.getByRole("link", { name: "rechecked" }).click();
  const upstream = page.getByRole("region", { name: "Upstream" });
  await upstream.getByText("Modern MCP, 2026-07-28, over Streamable HTTP · checked just now").waitFor();
  await upstream.getByRole("button", { name: "Check again" }).click();
  await upstream.getByText("1 tool removed: gone").waitFor();
  await upstream.getByText("1 tool no longer classified as read: test_simple_text").waitFor();
  await upstream.getByText(/tools added, not offered until you turn them on: .*test_/).waitFor();
  await upstream.getByText("Legacy MCP, 2025-11-25").waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await openTab(page, "Tools");
  expect(await page.getByLabel("Offer test_image_content").isChecked()).toBe(false);
  expect(await page.getByText("gone", { exact: true }).count()).toBe(0);
  await openTab(page, "Overview");

  const era = upstream.getByLabel("The upstream's era");
  const clients = upstream.getByLabel("Clients may speak the modern era");
  const saved = () => page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await Promise.all([saved(), era.selectOption("Legacy (2025-11-25 and before)")]);
  await clients.focus();
  await Promise.all([saved(), page.keyboard.press("Space")]);
  await page.reload();
  expect(await era.inputValue()).toBe("legacy");
  expect(await clients.isChecked()).toBe(false);
  const checked = page.waitForResponse((answer) => answer.url().endsWith("/probe") && answer.ok());
  await Promise.all([saved(), checked, era.selectOption("Found out by itself")]);
  await upstream.getByText("Checked: no tool has changed").waitFor();
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByText("changed the connector").first().waitFor();
  await page.getByText("checked the upstream").first().waitFor();
  expect(complaints).toEqual([]);
});

test("an upstream that cannot be checked is described on the connector's page", async () => {
  await using gone = await listenOnLoopback((_, res) => res.writeHead(500).end());
  await house.addConnector(acme, { slug: "unwell", url: `${gone.origin}/mcp`, tools: [tool("kept")] });
  const { page } = await signedIn(owner);
  await page.getByRole("link", { name: "unwell" }).click();
  await page.getByRole("button", { name: "Check again" }).click();
  await page.getByRole("alert").getByText("The server fails (it answered 500)").waitFor();
  await openTab(page, "Tools");
  await page.getByRole("heading", { name: "kept" }).waitFor();
});

test("a member sees the connectors, and neither the audit log nor what only owners do", async () => {
  const { page } = await signedIn(member);
  expect(await page.getByRole("link", { name: "Register connector" }).count()).toBe(0);
  expect(await page.getByRole("link", { name: "Audit log" }).count()).toBe(0);
  await page.getByRole("link", { name: "everything" }).click();
  expect(await page.getByRole("button", { name: "Check again" }).count()).toBe(0);
  await openTab(page, "Tools");
  await page.getByText("Tools (2)").waitFor();
  expect(await page.getByRole("switch").count()).toBe(0);
  await page.goto(`${house.url}/dashboard/other/connectors`);
  await heading(page, "There is nothing here").waitFor();
});

test("a call appears in the open audit log; a write's intent and outcome are one line", async () => {
  const { page, complaints } = await signedIn(owner);
  await page.goto(`${house.url}/dashboard/acme/audit?event=call`);
  await page.getByText("Nothing matches").waitFor();
  const by = { event: "call" as const, userId: member.id, connectorId: everything.id };
  const entry = { method: "tools/call", tool: "create_issue", call: "01" };
  await withOrg(house.ownerDb, acme.id, async (scope) => {
    await insertAudit(scope, { ...by, outcome: "started", entry: { ...entry, phase: "intent" } });
    await insertAudit(scope, { ...by, outcome: "ok", entry: { ...entry, phase: "outcome", duration_ms: 12.5 } });
    await insertAudit(scope, {
      ...by,
      outcome: "tool_error",
      entry: { method: "tools/call", tool: "echo", phase: "whole" },
    });
    await insertAudit(scope, { ...by, outcome: "started", entry: { ...entry, call: "02", phase: "intent" } });
  });
  await page.getByRole("cell", { name: "create_issue" }).first().waitFor();
  const rows = await page.getByRole("row").allTextContents();
  expect(rows.slice(1)).toEqual([
    expect.stringMatching(/create_issueeverythingmax@acme.examplerunning–$/),
    expect.stringMatching(/echoeverythingmax@acme.exampletool error–$/),
    expect.stringMatching(/create_issueeverythingmax@acme.exampleOK13 ms$/),
  ]);
  expect(complaints).toEqual([]);
});

test("what an owner registers, a member's client can call, and the owner sees the call", async () => {
  await using fixture = await startModernFixture();
  const { page, complaints } = await signedIn(owner);
  await page.goto(`${house.url}/dashboard/acme/connectors/new`);
  await page.getByLabel("Name", { exact: true }).fill("Fixture");
  await page.getByLabel("URL of the MCP server").fill(fixture.url.href);
  await page.getByRole("button", { name: "Register" }).click();
  await heading(page, "Fixture").waitFor();

  await using connected = await connectV2(`${house.url}/acme/fixture/mcp`, member, { era: "modern" });
  await connected.client.callTool({ name: "test_simple_text", arguments: {} });

  await page.getByRole("link", { name: "Audit log" }).click();
  const row = page.getByRole("row").filter({ hasText: "test_simple_text" });
  await row.getByText("OK").waitFor();
  expect(await row.count()).toBe(1);
  expect(await row.textContent()).toMatch(/Fixture.*max@acme\.example.*OK.* ms/);
  expect(complaints).toEqual([]);
});

test("who signs out is asked for the password again", async () => {
  cookies.delete(owner);
  const { page } = await signedIn(owner);
  await page.getByRole("button", { name: "Your account" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/oauth/logout**");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Email").waitFor();
  cookies.delete(owner);
});

test("every page can be read in either look, and reached by a screen reader", async () => {
  const { page, complaints } = await signedIn(owner);
  for (const [name, path, title] of [
    ["connectors", "connectors", "Connectors"],
    ["connector", "connectors/everything", "everything"],
    ["new-connector", "connectors/new", "Register a connector"],
    ["audit", "audit", "Audit log"],
  ] as const) {
    await page.goto(`${house.url}/dashboard/acme/${path}`);
    await heading(page, title).waitFor();
    await page.getByRole("status", { name: "Loading" }).waitFor({ state: "detached" });
    expect(await problemsOf(page, name), name).toEqual([]);
  }
  await page.getByRole("button", { name: "Your account" }).click();
  await page.getByRole("dialog").getByText(owner.email).waitFor();
  expect(await problemsOf(page, "account"), "account").toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Organisation: Acme" }).click();
  await page.getByRole("menuitem", { name: "Beta" }).waitFor();
  expect(await accessibilityProblems(page), "organisations").toEqual([]);
  await page.getByRole("menuitem", { name: "Beta" }).click();
  await page.getByText("No connectors yet").waitFor();
  expect(complaints).toEqual([]);
});
