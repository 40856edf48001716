import { cloneDatabase } from "@gatehouse/testing/database";
import { startRelay } from "@gatehouse/testing/relay";
import { expect, test } from "vitest";
import { AuthorizationRequest, startAuthAlone } from "./auth-alone.ts";
import { Browser } from "./browser.ts";

test("a database that cannot be reached: 503 with Retry-After, to clients and to people, and then it goes on", async () => {
  await using database = await cloneDatabase();
  await using relay = await startRelay(new URL(database.access.url));
  await using house = await startAuthAlone({ access: { ...database.access, url: relay.url } });
  const browser = new Browser(house.publicUrl);
  const request = new AuthorizationRequest(house, {
    client_id: "dashboard",
    redirect_uri: `${house.url}/dashboard/callback`,
    scope: "openid",
  });
  const signInForm = await browser.open(request.url);
  relay.cut();

  const token = await house.post("/oauth/token", { grant_type: "refresh_token", client_id: "x", refresh_token: "x" });
  expect([token.status, token.json.error]).toEqual([503, "temporarily_unavailable"]);
  expect(token.headers.get("retry-after")).toBe("2");

  for (const page of [
    await browser.open(request.url),
    await browser.open(signInForm.url),
    await browser.submit(signInForm, { email: "a@b.example", password: "x" }),
  ]) {
    expect([page.status, page.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(page.text).toContain("The database cannot be reached");
  }

  relay.restore();
  expect((await browser.open(signInForm.url)).status).toBe(200);
});
