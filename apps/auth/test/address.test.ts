import { BlockList } from "node:net";
import { expect, test, vi } from "vitest";
import { AuthorizationRequest, startAuthAlone } from "./auth-alone.ts";
import { Browser } from "./browser.ts";

const DASHBOARD = { client_id: "dashboard", scope: "openid" };

async function startAcme(trusted: [string, number][]) {
  const trustedProxies = new BlockList();
  for (const [address, bits] of trusted)
    trustedProxies.addSubnet(address, bits, address.includes(":") ? "ipv6" : "ipv4");
  const house = await startAuthAlone({ trustedProxies });
  const org = await house.addOrg("acme");
  const ada = await house.addMember(org, "ada");
  const redirect_uri = `${house.url}/dashboard/callback`;

  async function guess(password: string, headers: Record<string, string>) {
    const browser = new Browser(house.publicUrl);
    const page = await browser.open(new AuthorizationRequest(house, { ...DASHBOARD, redirect_uri }).url);
    return browser.submit(page, { email: ada.email, way: "password", password }, headers);
  }
  const addresses = async () =>
    (await house.audit(org)).filter(({ event }) => event === "sign_in").map(({ entry }) => entry.address);
  return Object.assign(house, { org, ada, guess, addresses });
}

test.each<[string, [string, number][], string, string]>([
  ["a stranger's word for it does not count", [], "203.0.113.7", "127.0.0.1"],
  ["a trusted proxy's does", [["127.0.0.0", 8]], "203.0.113.7", "203.0.113.7"],
  ["what a stranger told the proxy does not", [["127.0.0.1", 32]], "198.51.100.1, 203.0.113.7", "203.0.113.7"],
  [
    "proxies behind proxies are passed over",
    [
      ["127.0.0.1", 32],
      ["10.0.0.0", 8],
    ],
    "203.0.113.7, 10.1.2.3",
    "203.0.113.7",
  ],
  [
    "IPv6 and IPv4-mapped addresses are read",
    [
      ["127.0.0.1", 32],
      ["::1", 128],
    ],
    "2001:db8::1, ::1, ::ffff:127.0.0.1",
    "2001:db8::1",
  ],
  ["rubbish is not an address", [["127.0.0.1", 32]], "203.0.113.7, <script>", "127.0.0.1"],
])("where a person signs in from: %s", async (_what, trusted, forwarded, address) => {
  await using house = await startAcme(trusted);
  await house.guess(house.ada.password, { "x-forwarded-for": forwarded });
  expect(await house.addresses()).toEqual([address]);
});

test("guesses are counted by the address that they come from, and a /64 of IPv6 is one", async () => {
  await using house = await startAcme([["127.0.0.1", 32]]);
  const from = (address: string, password = "wrong") => house.guess(password, { "x-forwarded-for": address });
  for (let host = 1; host <= 5; host++) expect((await from(`2001:db8::${host}`)).status).toBe(422);
  expect((await from("2001:db8::6")).status).toBe(429);
  expect((await from("2001:db8:0:1::1")).status).toBe(422);
  expect((await from("203.0.113.7", house.ada.password)).left ?? null).not.toBeUndefined();
  await vi.waitFor(async () => expect(await house.addresses()).toContain("203.0.113.7"));
});

test("from many addresses at one account: stopped, for whoever has the password as well, until it is reset", async () => {
  await using house = await startAcme([["127.0.0.1", 32]]);
  await Promise.all(
    Array.from({ length: 50 }, (_, index) => house.guess("wrong", { "x-forwarded-for": `203.0.113.${index}` })),
  );
  const from = { "x-forwarded-for": "198.51.100.1" };
  expect((await house.guess(house.ada.password, from)).status).toBe(429);
  const browser = new Browser(house.publicUrl);
  await browser.submit(await browser.open("/account/reset"), { email: house.ada.email });
  const mail = await vi.waitFor(() => house.mails.at(-1) ?? expect.fail("no mail"));
  const form = await browser.open(/http\S+/.exec(mail.text)![0]);
  await browser.submit(form, { password: "another horse, just as correct" });
  expect((await house.guess("another horse, just as correct", { "x-forwarded-for": "198.51.100.2" })).status).not.toBe(
    429,
  );
});

test("mails to one address, and from one, are counted too", async () => {
  await using house = await startAcme([["127.0.0.1", 32]]);
  const browser = new Browser(house.publicUrl);
  const page = await browser.open("/account/reset");
  for (let mail = 1; mail <= 5; mail++)
    expect((await browser.submit(page, { email: "x@acme.example" })).status).toBe(200);
  const stopped = await browser.submit(page, { email: "X@acme.example" }, { "x-forwarded-for": "203.0.113.7" });
  expect(stopped.status).toBe(429);
  expect(Number(stopped.headers.get("retry-after"))).toBeGreaterThan(0);
});
