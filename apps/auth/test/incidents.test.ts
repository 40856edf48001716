import { expect, test } from "vitest";
import { AuthorizationRequest, signIn, startAuthAlone } from "./auth-alone.ts";
import { Browser, type Page } from "./browser.ts";

async function startAcme() {
  const house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  const { json: client } = await house.register();
  const parameters = { client_id: client.client_id as string, resource };
  return Object.assign(house, {
    ...{ org, ada, parameters },
    begin: (more = {}) => new AuthorizationRequest(house, { ...parameters, ...more }),
    logged: (incident: string) => house.log.filter((line) => line.includes(incident)).map((line) => JSON.parse(line)),
    incidents: async () => (await house.audit(org)).filter(({ event }) => event === "authorization.failed"),
  });
}

const numberOn = (page: Page) => /<code>([0-9a-f]{32})<\/code>/.exec(page.text)?.[1] ?? "none";

test("an error page has a number, which the log has too; a stranger adds nothing to the org's audit", async () => {
  await using house = await startAcme();
  const browser = new Browser(house.publicUrl);
  const evil = { redirect_uri: "https://evil.example/<script>alert(1)</script>" };
  for (const page of [
    await browser.open(house.begin(evil).url),
    await browser.open(house.begin({ client_id: "<script>alert(1)</script>" }).url),
    await browser.open("/oauth/interaction/never"),
  ]) {
    expect([400, 403]).toContain(page.status);
    expect(page.left).toBeNull();
    expect(page.text).not.toContain("<script");
    expect(house.logged(numberOn(page))).toMatchObject([{ incident: numberOn(page) }]);
  }
  expect(await house.incidents()).toEqual([]);
});

test("a member's error page is in the audit of the org whose endpoint it was about, by the same number", async () => {
  await using house = await startAcme();
  const { browser } = house.ada;
  const consent = await signIn(house.ada, await browser.open(house.begin().url));
  const forged = await browser.submit(consent, { decision: "approve", csrf: "" });
  const foreign = await browser.open(house.begin({ redirect_uri: "https://evil.example/" }).url);
  expect(await house.incidents()).toMatchObject([
    { outcome: "forbidden", userId: house.ada.id, entry: { incident: numberOn(forged) } },
    { outcome: "invalid_redirect_uri", userId: house.ada.id, entry: { incident: numberOn(foreign) } },
  ]);
  for (const page of [forged, foreign]) expect(house.logged(numberOn(page))).toHaveLength(1);
});

test("what may go back to the client does, with iss and state; what must not, does not", async () => {
  await using house = await startAcme();
  const { browser } = house.ada;
  await signIn(house.ada, await browser.open(house.begin().url));
  for (const [more, error] of [
    [{ code_challenge: undefined }, "invalid_request"],
    [{ code_challenge_method: "plain" }, "invalid_request"],
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ resource: undefined }, "invalid_target"],
    [{ resource: `${house.url}/acme/nowhere/mcp` }, "invalid_target"],
    [{ resource: `${house.url}/nobody/everything/mcp` }, "invalid_target"],
    [{ prompt: "none" }, "interaction_required"],
  ] as const) {
    const request = house.begin(more);
    const { left } = await browser.open(request.url);
    // What a client of another response type expects is in the fragment (RFC 6749 §4.2.2.1).
    const answer = Object.fromEntries(new URLSearchParams(left.search || left.hash.slice(1)));
    expect(answer, error).toMatchObject({ error, state: request.state, iss: house.url });
    expect(answer).not.toHaveProperty("code");
  }
  for (const more of [{ client_id: undefined }, { client_id: "never" }, { redirect_uri: "https://evil.example/" }]) {
    const page = await browser.open(house.begin(more).url);
    expect([page.status, page.left]).toEqual([400, null]);
  }
});
