import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkFor } from "@gatehouse/testing/accounts/link-account";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import {
  accessibilityProblems,
  isWiderThanTheScreen,
  launchChromium,
  openPage,
  type Page,
  SIZES,
} from "@gatehouse/testing/chromium";
import { connectV2, V2Provider } from "@gatehouse/testing/client-v2";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { type Person, startHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";

/** The last run's, to be looked at. */
const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");

async function startBrowsedHouse() {
  await using stack = new AsyncDisposableStack();
  const accounts = stack.use(await startSdkServer());
  const upstream = stack.use(await startWhoAmI(accounts));
  const house = stack.use(await startHouse({ egressAllow: [new URL(accounts.issuer).host] }));
  const browser = await launchChromium();
  stack.defer(() => browser.close());
  const org = await house.addOrg({ slug: "acme", name: "Acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example", name: "Alice", role: "owner" });
  const access = [{ kind: "member-oauth" as const }];
  const endpoint = await house.addConnector(org, { slug: "notes", url: upstream.url, tools: [WHO_AM_I], access });
  await mkdir(SCREENSHOTS, { recursive: true });
  const opened = stack.move();
  return { house, browser, alice, endpoint, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function signIn(page: Page, { email, password }: Person) {
  await page.getByLabel("Email").fill(email);
  await page.keyboard.press("Enter");
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
}

async function signInUpstream(page: Page, user: string) {
  await page.getByLabel("User").fill(user);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name });

test("in the middle of a client's sign-in the member goes upstream and comes back to the client, and its calls are theirs", async () => {
  await using started = await startBrowsedHouse();
  const { browser, alice, endpoint } = started;
  await using client = await listenOnLoopback((_req, res) => void res.end("Back in the client"));
  const provider = new V2Provider(alice, { redirectUrl: `${client.origin}/callback` });
  const { page, complaints } = await openPage(browser);
  provider.redirectToAuthorization = async (url) => {
    await page.goto(url.href);
    await signIn(page, alice);
    await page.getByRole("button", { name: "Allow" }).click();
    await heading(page, "Link your notes account").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.screenshot({ path: join(SCREENSHOTS, "link-offer.png"), fullPage: true });
    await page.setViewportSize(SIZES.narrow);
    expect(await isWiderThanTheScreen(page)).toBe(false);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: join(SCREENSHOTS, "link-offer-narrow-dark.png"), fullPage: true });
    await page.getByRole("button", { name: /^Go to/ }).click();
    await signInUpstream(page, "alice upstream");
    await page.waitForURL(`${client.origin}/callback**`);
    provider.callback = new URL(page.url());
  };
  await using connected = await connectV2(endpoint.url, alice, { provider });
  const answer = await connected.client.callTool({ name: "whoami", arguments: {} });
  expect(answer).toMatchObject({ content: [{ text: "alice upstream" }] });
  expect(complaints).toEqual([]);
}, 60_000);

test("from the dashboard: linked under My access, seen under the connector, and unlinked again", async () => {
  await using started = await startBrowsedHouse();
  const { house, browser, alice, endpoint } = started;
  const { page, complaints } = await openPage(browser);
  await page.goto(`${house.url}/dashboard/acme/access`);
  await signIn(page, alice);
  const linked = page.getByRole("region", { name: "Linked accounts" });
  await linked.getByText("Not linked yet").waitFor();
  complaints.length = 0;
  const link = linked.getByRole("link", { name: "Link notes" });
  expect(await link.getAttribute("href")).toBe(linkFor(house, alice, endpoint));
  await link.click();
  await page.getByRole("button", { name: /^Go to/ }).click();
  await signInUpstream(page, "alice upstream");
  await heading(page, "Your notes account is linked").waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.screenshot({ path: join(SCREENSHOTS, "linked.png"), fullPage: true });

  await page.goto(`${house.url}/dashboard/acme/connectors/notes/people`);
  const people = page.getByRole("region", { name: "Members' accounts" });
  await people.getByText("alice@acme.example").waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.screenshot({ path: join(SCREENSHOTS, "linked-people.png"), fullPage: true });
  await page.setViewportSize(SIZES.narrow);
  expect(await isWiderThanTheScreen(page)).toBe(false);

  await page.goto(`${house.url}/dashboard/acme/access`);
  await linked.getByText(/^Since/).waitFor();
  await page.screenshot({ path: join(SCREENSHOTS, "linked-accounts-narrow.png"), fullPage: true });
  await linked.getByRole("button", { name: "Unlink notes" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unlink" }).click();
  await linked.getByText("Not linked yet").waitFor();
  expect(complaints).toEqual([]);
}, 60_000);
