import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  accessibilityProblems,
  type Browser,
  type BrowserContextOptions,
  isWiderThanTheScreen,
  launchChromium,
  openPage,
  SIZES,
} from "@gatehouse/testing/chromium";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AuthAlone, AuthorizationRequest, type Member, startAuthAlone } from "./auth-alone.ts";

// The pages as a client's user meets them, in a real browser.

/** The last run's, to be looked at. */
const SCREENSHOTS = join(tmpdir(), "gatehouse-screenshots");

let browser: Browser;
let house: AuthAlone;
let ada: Member;
let resource: string;

beforeAll(async () => {
  [house, browser] = await Promise.all([startAuthAlone(), launchChromium()]);
  const org = await house.addOrg("acme");
  resource = await house.addConnector(org, "everything");
  ada = await house.addMember(org, "ada");
});
afterAll(async () => {
  await browser?.close();
  await house?.[Symbol.asyncDispose]();
});

/** A client's redirect URI on this machine. Its callback leads on to another of its addresses, as many do. */
async function startClient() {
  const server = createServer((req, res) => {
    if (req.url?.startsWith("/callback")) res.writeHead(302, { location: "/done" }).end();
    else res.end("<!doctype html><title>Connected</title>");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  return {
    redirectUri,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}

test.each<[string, BrowserContextOptions]>([
  ["wide-light", { viewport: SIZES.wide, colorScheme: "light" }],
  ["narrow-dark", { viewport: SIZES.narrow, colorScheme: "dark" }],
])(
  "sign-in and consent in a browser (%s): usable by keyboard, accessible, and back to the client",
  async (name, options) => {
    await using client = await startClient();
    const redirectUri = client.redirectUri;
    const { json } = await house.register({ redirect_uris: [redirectUri], client_name: "Claude Code" });
    const request = new AuthorizationRequest(house, { client_id: json.client_id, resource, redirect_uri: redirectUri });
    const { page, complaints } = await openPage(browser, options);
    const look = async (step: string) => {
      await page.screenshot({ path: join(SCREENSHOTS, `auth-${step}-${name}.png`), fullPage: true });
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await isWiderThanTheScreen(page)).toBe(false);
    };

    await page.goto(request.url.href);
    await look("sign-in");
    await page.keyboard.type(ada.email);
    await page.keyboard.press("Enter");
    await page.getByLabel("Password").waitFor();
    await look("sign-in-password");
    await page.keyboard.type("not the password");
    await page.keyboard.press("Enter");
    await page.getByText("is not right").waitFor();
    await look("sign-in-refused");
    await page.keyboard.type(ada.password);
    await page.keyboard.press("Enter");

    await page.getByRole("heading", { name: "Allow Claude Code to use “everything”?" }).waitFor();
    await look("consent");
    await page.getByRole("button", { name: "Allow" }).click();
    await page.waitForURL(/\/done$/);
    expect(complaints.filter((complaint) => !complaint.includes("422"))).toEqual([]);
    await page.context().close();
  },
);

test("another account: signed out of the first, signed in with the second, and on to its consent", async () => {
  const bob = await house.addMember(await house.addOrg("globex"), "bob");
  await using client = await startClient();
  const { json } = await house.register({ redirect_uris: [client.redirectUri] });
  const parameters = { client_id: json.client_id as string, redirect_uri: client.redirectUri, resource };
  const request = new AuthorizationRequest(house, parameters);
  const { page } = await openPage(browser);
  await page.goto(request.url.href);
  for (const { email, password } of [bob, ada]) {
    await page.getByLabel("Email").fill(email);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Password").fill(password);
    const left = page.waitForRequest(/\/callback\?/).catch(() => null);
    await page.getByRole("button", { name: "Sign in" }).click();
    if (email === ada.email) break;
    expect(new URL((await left)!.url()).searchParams.get("error")).toBe("invalid_target");
    await page.waitForURL(/\/done$/);
    await page.goto(`${request.url.href}&prompt=login`);
  }
  await page.getByText(`Signed in as ${ada.email}`).waitFor();
  await page.getByRole("link", { name: "Use another account" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.context().close();
});

test("what cannot go on says so, and what to do", async () => {
  const { page } = await openPage(browser, { viewport: SIZES.narrow });
  await page.goto(new AuthorizationRequest(house, { client_id: "nobody", resource }).url.href);
  await page.getByRole("heading", { name: "This app is not known here" }).waitFor();
  await page.screenshot({ path: join(SCREENSHOTS, "auth-error.png") });
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.context().close();
});
