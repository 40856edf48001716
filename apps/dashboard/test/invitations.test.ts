import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import { startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { pastedAddresses } from "../server/people/pasted-addresses.ts";
import { type Send, signIn } from "./signed-in.ts";

let house: TestHouse;

beforeAll(async () => {
  house = await startHouse({ apps: ["auth", "dashboard"] });
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** An org of its own, and its owner. */
async function startOrg(slug: string) {
  const org = await house.addOrg({ slug, name: slug });
  const owner = await house.addMember(org, { email: `owner@${slug}.example`, role: "owner" });
  return { org, owner, asOwner: await signIn(house, owner) };
}

const invite = (send: Send, org: Org, addresses: string, role = "member") =>
  send("POST", `/api/orgs/${org.slug}/people/invitations/many`, { addresses, role });

const counted = (results: { result: string }[]) =>
  Object.fromEntries(
    Map.groupBy(results, ({ result }) => result)
      .entries()
      .map(([name, all]) => [name, all.length]),
  );

test("addresses are found as mail programs, tables and people write them", () => {
  const text = `"Lovelace, Ada" <Ada@one.example>, bob@two.example;carl@three.example\tDora <dora@four.example>
    mailto:eve@five.example fay@six.example\r\nnobody here\n\n,;`;
  expect(pastedAddresses(text).map(({ email }) => email)).toEqual([
    ...["ada@one.example", "bob@two.example", "carl@three.example", "dora@four.example"],
    ...["eve@five.example", "fay@six.example", null],
  ]);
  expect(pastedAddresses("ada@@example")).toEqual([{ entry: "ada@@example", email: null }]);
});

test("of many that are pasted each is told of: invited, a member, invited already, repeated, or no address", async () => {
  const { org, owner, asOwner } = await startOrg("paste");
  await invite(asOwner, org, "old@new.example");
  const pasted = `Ada <ada@new.example>\n${owner.email}, OLD@new.example; ada@new.example, not-an-address`;
  const { status, json } = await invite(asOwner, org, pasted, "auditor");
  expect(status).toBe(200);
  expect(json.results.map(({ result }: { result: string }) => result)).toEqual([
    ...["invited", "member", "already_invited", "repeated", "not_an_address"],
  ]);
  await vi.waitFor(() => expect(house.mails.filter(({ to }) => to === "ada@new.example")).toHaveLength(1));
  const rows = await withOrg(house.ownerDb, org.id, (scope) =>
    listAudit(scope, { limit: 10, event: "invitation.sent" }),
  );
  expect(rows.map(({ entry }) => entry)).toMatchObject([
    { email: "ada@new.example", after: { email: "ada@new.example", role: "auditor" } },
    { email: "old@new.example", after: { email: "old@new.example", role: "member" } },
  ]);
});

test("what is pasted has bounds, and a role that whoever pastes may give", async () => {
  const { org, asOwner } = await startOrg("bounds");
  const admin = await signIn(house, await house.addMember(org, { email: "admin@bounds.example", role: "admin" }));
  const member = await signIn(house, await house.addMember(org, { email: "member@bounds.example" }));
  expect((await invite(asOwner, org, " ;, ")).json.fields.addresses).toBe("Enter at least one email address");
  expect((await invite(asOwner, org, "a@b.example,".repeat(1001))).json.fields.addresses).toMatch(/at most 1000/);
  expect((await invite(asOwner, org, "a".repeat(50_001))).status).toBe(422);
  expect((await invite(admin, org, "x@new.example", "owner")).status).toBe(403);
  expect((await invite(member, org, "x@new.example")).status).toBe(403);
  const stranger = await startOrg("elsewhere");
  const elsewhere = await invite(stranger.asOwner, org, "x@new.example");
  const nowhere = await stranger.asOwner("POST", "/api/orgs/nowhere/people/invitations/many", {
    addresses: "x@y.example",
  });
  expect([elsewhere.status, elsewhere.json.detail]).toEqual([nowhere.status, nowhere.json.detail]);
});

test("an org sends 200 invitations an hour; what is beyond waits, and no other org does", async () => {
  const { org, asOwner } = await startOrg("flood");
  const many = Array.from({ length: 205 }, (_, at) => `person-${at}@flood.example`).join("\n");
  const { json } = await invite(asOwner, org, many);
  expect(counted(json.results)).toEqual({ invited: 200, later: 5 });
  expect(Date.parse(json.moreAt)).toBeGreaterThan(Date.now());
  expect(counted((await invite(asOwner, org, "one@more.example")).json.results)).toEqual({ later: 1 });
  const people = `/api/orgs/${org.slug}/people`;
  const single = await asOwner("POST", `${people}/invitations`, { email: "one@more.example", role: "member" });
  expect(single.status).toBe(429);
  expect(Number(single.headers.get("retry-after"))).toBeGreaterThan(0);
  const [{ id }] = (await asOwner("GET", people)).json.invitations;
  expect((await asOwner("POST", `${people}/invitations/${id}/send`)).status).toBe(429);
  const other = await startOrg("calm");
  expect(counted((await invite(other.asOwner, other.org, "one@more.example")).json.results)).toEqual({ invited: 1 });
});

test("members come a page at a time, by name, and are found by name and address; in one's own org alone", async () => {
  const { org, asOwner } = await startOrg("pages");
  for (const name of ["Zoe", "anna", "Bert"])
    await house.addMember(org, { email: `${name}@pages.example`.toLowerCase(), name });
  const page = async (query: string) => (await asOwner("GET", `/api/orgs/pages/people/members${query}`)).json;
  const names = ({ members }: { members: { name: string }[] }) => members.map(({ name }) => name);
  const first = await page("?limit=2");
  expect(names(first)).toEqual(["anna", "Bert"]);
  expect(names(await page(`?limit=2&after=${first.next}`))).toEqual(["owner@pages.example", "Zoe"]);
  expect([names(await page("?search=ERT")), names(await page("?search=%25"))]).toEqual([["Bert"], []]);
  const stranger = await startOrg("elsewhere-too");
  expect((await stranger.asOwner("GET", "/api/orgs/pages/people/members")).status).toBe(404);
  const foreign = (await stranger.asOwner("GET", "/api/orgs/elsewhere-too/people")).json.me;
  expect(names(await page(`?after=${foreign}`))).toEqual([]);
  const member = await signIn(house, await house.addMember(org, { email: "plain@pages.example" }));
  expect((await member("GET", "/api/orgs/pages/people/members")).status).toBe(403);
});
