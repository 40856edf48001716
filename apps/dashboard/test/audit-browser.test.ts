import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditRow, insertAudit, newAuditId } from "@gatehouse/store/audit";
import { openAuditWriter } from "@gatehouse/store/audit-writer";
import { openDatabase, withOrg } from "@gatehouse/store/database";
import { chainEverything } from "@gatehouse/testing/chain-everything";
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
import { type Person, startHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test } from "vitest";

const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SHA256 = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

async function startLogged() {
  await using stack = new AsyncDisposableStack();
  const house = stack.use(await startHouse({ apps: ["auth", "dashboard"] }));
  const org = await house.addOrg({ slug: "acme", name: "Acme" });
  const owner = await house.addMember(org, { email: "olga@acme.example", role: "owner" });
  const mail = await house.addConnector(org, { slug: "mail", url: "http://127.0.0.1:9/mcp" });
  const writer = stack.use(
    openAuditWriter({ access: house.access, onError: (error) => expect.unreachable(`${error}`) }),
  );
  const call = { phase: "whole", method: "tools/call", tool: "search", client: "https://claude.ai/oauth/client" };
  const from = { address: "203.0.113.7", era: "modern", version: "2026-07-28", trace_id: TRACE };

  /** As the gateway writes them. */
  async function log(entry: object, outcome = "ok", id = newAuditId()): Promise<string> {
    const row: AuditRow = {
      ...{ id, orgId: org.id, at: new Date(), userId: owner.id, connectorId: mail.id, event: "call", outcome },
      entry: { ...call, ...from, ...entry },
    };
    await writer.append(row);
    return id;
  }
  const many = Array.from({ length: 130 }, (_, at) => ({
    trace_id: undefined,
    duration_ms: at,
    bytes_in: 300,
    bytes_out: 2000,
  }));
  await Promise.all(many.map((entry, at) => log({ ...entry, tool: at % 5 ? "search" : "read_mail" })));
  await log({ error: "The mailbox does not exist", duration_ms: 41 }, "tool_error");
  const write = newAuditId();
  const sealed = (await house.vault.seal({ org: org.id, row: `audit/${write}` }, '{"to":"max@acme.example"}')).toString(
    "base64",
  );
  const kept = { sha256: SHA256, sealed };
  await log({ phase: "intent", call: write, tool: "send_mail", arguments: kept, bytes_in: 412 }, "started", write);
  await log({ phase: "outcome", call: write, tool: "send_mail", bytes_in: 412, bytes_out: 1530, duration_ms: 212.4 });
  await withOrg(house.ownerDb, org.id, async (scope) => {
    const before = { refreshTokenTtlSeconds: 2_592_000, clients: { policy: "any" } };
    const entry = { before, after: { ...before, clients: { policy: "listed", hosts: ["claude.ai"] } } };
    await insertAudit(scope, { event: "client_policy.changed", outcome: "ok", userId: owner.id, entry });
  });
  await using chain = openDatabase(house.access, "gatehouse_chain", 2);
  await chainEverything(chain);
  const opened = stack.move();
  return { house, owner, log, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function signIn(page: Page, url: string, { email, password }: Person): Promise<void> {
  await page.goto(`${url}/dashboard/acme/audit`);
  await page.getByLabel("Email").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Audit log" }).waitFor();
}

const shown = (page: Page) => page.getByRole("table").getByRole("row");

let logged: Awaited<ReturnType<typeof startLogged>>;
let browser: Browser;
/** Of a browser that is signed in. */
let storageState: NonNullable<BrowserContextOptions["storageState"]>;

beforeAll(async () => {
  logged = await startLogged();
  browser = await launchChromium();
  const { page } = await openPage(browser);
  await signIn(page, logged.house.url, logged.owner);
  storageState = await page.context().storageState();
  await page.context().close();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await logged[Symbol.asyncDispose]();
});

async function open(name: "wide-light" | "narrow-dark") {
  const [size, colorScheme] = name.split("-") as ["wide" | "narrow", "light" | "dark"];
  const { page, complaints } = await openPage(browser, { viewport: SIZES[size], colorScheme, storageState });
  const go = (path: string) => page.goto(`${logged.house.url}/dashboard/acme/${path}`);
  async function look(step: string): Promise<void> {
    await page.screenshot({ path: join(SCREENSHOTS, `${step}-${name}.png`) });
    expect([step, await accessibilityProblems(page)]).toEqual([step, []]);
    expect([step, await isWiderThanTheScreen(page)]).toEqual([step, false]);
  }
  return { page, complaints, go, look };
}

test("what happened is found by its filters, seen as it happens, and looked at in full", {
  timeout: 90_000,
}, async () => {
  const { page, complaints, go, look } = await open("wide-light");
  await go("audit");
  await page.getByRole("cell", { name: "send_mail" }).waitFor();
  expect(await page.getByRole("cell", { name: "send_mail" }).count()).toBe(1);
  await look("audit");

  const filter = page.getByRole("combobox", { name: "Filter" });
  await filter.click();
  await page.getByRole("option", { name: /^error/ }).waitFor();
  await look("audit-fields");
  await filter.fill("tool:search outcome:tool_error");
  await filter.press("Enter");
  await page.waitForURL(/audit\?tool=search&outcome=tool_error$/);
  await page.getByRole("cell", { name: "read_mail" }).first().waitFor({ state: "detached" });
  const before = await shown(page).count();
  await logged.log({ error: "While you look" }, "tool_error");
  await shown(page).nth(before).waitFor();
  await look("audit-filtered");
  await page.getByRole("button", { name: "Any time" }).click();
  await page.getByRole("dialog", { name: "Time" }).waitFor();
  await look("audit-time");
  await page.keyboard.press("Escape");

  await page.goBack();
  await page.getByRole("cell", { name: "send_mail" }).waitFor();
  await page.mouse.wheel(0, 30_000);
  await page.getByText("That is all there is").waitFor();
  await page.getByRole("button", { name: "Export" }).click();
  const csv = page.getByRole("menuitem", { name: "CSV" });
  await csv.waitFor();
  await look("audit-export");
  const download = page.waitForEvent("download");
  await csv.click();
  const file = await (await download).path();
  expect((await readFile(file, "utf8")).split("\r\n").length).toBeGreaterThan(120);

  await go("audit?tool=send_mail");
  await page.getByRole("link", { name: "send_mail" }).click();
  await page.getByRole("heading", { name: "send_mail" }).waitFor();
  await page.getByText("212 ms").waitFor();
  await page.getByRole("button", { name: "Open what is sealed" }).click();
  await page.getByText("max@acme.example").waitFor();
  await look("audit-event");
  await page.getByRole("link", { name: "search" }).first().click();
  await page
    .getByRole("definition")
    .filter({ hasText: /mailbox|While you look/ })
    .waitFor();

  await go("audit?event=client_policy.changed");
  await page.getByRole("link", { name: "changed which clients are allowed" }).click();
  await page.getByRole("cell", { name: "listed", exact: true }).waitFor();
  await look("audit-change");
  await go("audit/integrity");
  await page.getByRole("button", { name: "Verify the whole log" }).click();
  await page.getByText("Nothing was changed").waitFor();
  await look("audit-integrity");
  expect(complaints).toEqual([]);
});

test("what is kept, and where it is sent; what is wrong stands beside its field", { timeout: 60_000 }, async () => {
  const { page, go, look } = await open("wide-light");
  await go("settings");
  await page.getByLabel("Rows are kept for").selectOption("30 days");
  await page.getByRole("button", { name: "Save" }).last().click();
  await page.getByText("All rows older than 30 days are deleted").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Send it somewhere" }).click();
  await page.getByLabel("URL", { exact: true }).fill("http://127.0.0.1:9/");
  await page.getByRole("button", { name: "Send it there" }).click();
  await page.getByText("127.0.0.1 is not an address of the public internet").waitFor();
  await look("deliveries-refused");
  await page.getByLabel("URL", { exact: true }).fill("https://siem.acme.invalid/rows");
  await page.getByLabel("With the first row that is kept").click();
  await page.getByRole("button", { name: "Send it there" }).click();
  await page.getByText(/^whsec_/).waitFor();
  await look("deliveries-secret");
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.getByRole("button", { name: "Test https://siem.acme.invalid/rows" }).click();
  await page.getByText("Not taken: There is no server by the name siem.acme.invalid").waitFor();
  await look("deliveries");
  await page.getByRole("button", { name: "Delete https://siem.acme.invalid/rows" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("https://siem.acme.invalid/rows").waitFor({ state: "detached" });
});

test("on a phone, in the dark", { timeout: 60_000 }, async () => {
  const { page, go, look, complaints } = await open("narrow-dark");
  await go("audit?tool=send_mail");
  const event = page.getByRole("link", { name: "send_mail" });
  await event.waitFor();
  await look("audit");
  await event.click();
  await page.getByText("212 ms").waitFor();
  await look("audit-event");
  await go("audit/integrity");
  await page.getByText("up to row").first().waitFor();
  await look("audit-integrity");
  await go("settings");
  await page.getByRole("button", { name: "Send it somewhere" }).click();
  await look("deliveries-new");
  expect(complaints).toEqual([]);
});
