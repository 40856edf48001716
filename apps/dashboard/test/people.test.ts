import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { listMembers, type Org } from "@gatehouse/store/orgs";
import { suspendOrg } from "@gatehouse/store/suspensions";
import type { Role } from "@gatehouse/store/tables";
import { type Person, startHouse } from "@gatehouse/testing/house";
import { sql } from "kysely";
import { expect, test, vi } from "vitest";
import { signIn } from "./signed-in.ts";

const PEOPLE = "/api/orgs/acme/people";

async function startAcme() {
  const house = await startHouse({ apps: ["auth", "dashboard"] });
  const acme = await house.addOrg({ slug: "acme", name: "Acme" });
  const person = (role: Role, name: string = role, org: Org = acme) =>
    house.addMember(org, { email: `${name}@${org.slug}.example`, name, role });
  const owner = await person("owner");
  const asOwner = await signIn(house, owner);
  return Object.assign(house, { acme, person, owner, asOwner });
}

type House = Awaited<ReturnType<typeof startAcme>>;

const rolesIn = async ({ ownerDb, acme }: House) =>
  new Map((await withOrg(ownerDb, acme.id, listMembers)).map(({ userId, role }) => [userId, role]));

const audit = async ({ ownerDb, acme }: House) =>
  (await withOrg(ownerDb, acme.id, (scope) => listAudit(scope, { limit: 100 }))).map(({ event, entry, userId }) => ({
    event,
    entry,
    userId,
  }));

async function link(house: House, email: string): Promise<string> {
  const mail = await vi.waitFor(() => house.mails.findLast(({ to }) => to === email) ?? expect.fail("no mail"));
  return /http\S+/.exec(mail.text)![0];
}

const pathOf = ({ id }: Person) => `${PEOPLE}/members/${id}`;

test("owners and admins see who is in the org and who is invited; nobody else does", async () => {
  await using house = await startAcme();
  for (const [role, status] of [
    ["admin", 200],
    ["member", 403],
    ["auditor", 403],
  ] as const) {
    const send = await signIn(house, await house.person(role));
    expect((await send("GET", PEOPLE)).status).toBe(status);
    expect((await send("POST", `${PEOPLE}/invitations`, {})).status).toBe(status === 200 ? 422 : 403);
  }
  await house.asOwner("POST", `${PEOPLE}/invitations`, { email: "Eve@New.example", role: "member" });
  const { json } = await house.asOwner("GET", PEOPLE);
  expect(json.members.map(({ email }: { email: string }) => email)).toContain("auditor@acme.example");
  expect(json.invitations).toMatchObject([{ email: "eve@new.example", role: "member", expired: false }]);
  expect(JSON.stringify(json)).not.toMatch(/hash|token/i);
});

test("an invitation is mailed with a link from the public URL, and stands in the audit log without it", async () => {
  await using house = await startAcme();
  const sent = await house.asOwner("POST", `${PEOPLE}/invitations`, { email: "eve@new.example", role: "admin" });
  expect(sent.status).toBe(201);
  const url = new URL(await link(house, "eve@new.example"));
  expect([url.origin, url.pathname]).toEqual([house.url, "/account/invitation"]);
  const [row] = await audit(house);
  expect(row).toMatchObject({
    event: "invitation.sent",
    entry: { email: "eve@new.example", after: { role: "admin" } },
    userId: house.owner.id,
  });
  const rows = await house.ownerDb.selectFrom("invitations").selectAll().execute();
  expect(JSON.stringify([row, rows])).not.toContain(url.searchParams.get("token"));
});

test("sent again, the old link is dead; withdrawn, the new one is", async () => {
  await using house = await startAcme();
  await house.asOwner("POST", `${PEOPLE}/invitations`, { email: "eve@new.example", role: "member" });
  const first = await link(house, "eve@new.example");
  const { json } = await house.asOwner("GET", PEOPLE);
  const invitation = `${PEOPLE}/invitations/${json.invitations[0].id}`;
  expect((await house.asOwner("POST", `${invitation}/send`)).status).toBe(204);
  const second = await vi.waitFor(async () => {
    const newest = await link(house, "eve@new.example");
    expect(newest).not.toBe(first);
    return newest;
  });
  expect([(await fetch(first)).status, (await fetch(second)).status]).toEqual([404, 200]);
  expect((await house.asOwner("DELETE", invitation)).status).toBe(204);
  expect((await fetch(second)).status).toBe(404);
  expect((await house.asOwner("DELETE", invitation)).status).toBe(404);
});

test("who is a member, or invited already, is not invited; nor an address that is none", async () => {
  await using house = await startAcme();
  const invite = (email: string) => house.asOwner("POST", `${PEOPLE}/invitations`, { email, role: "member" });
  expect((await invite(house.owner.email)).json.fields.email).toContain("member already");
  expect((await invite("eve")).json.fields.email).toContain("whole email address");
  expect((await invite("a@b.example\r\nBcc: x@evil.example")).status).toBe(422);
  expect((await invite("eve@new.example")).status).toBe(201);
  expect((await invite("EVE@new.example")).status).toBe(409);
});

test("a thousand invitations wait at most, also where several are sent at once", async () => {
  await using house = await startAcme();
  await sql`insert into invitations (id, org_id, email, role, token_hash, invited_by, expires_at)
    select gen_random_uuid(), ${house.acme.id}, nth || '@many.example', 'member', sha256(nth::text::bytea), ${house.owner.id}, now() + interval '1 day'
    from generate_series(1, 999) nth`.execute(house.ownerDb);
  const invite = (nth: number) => ({ email: `${nth}@new.example`, role: "member" });
  const atOnce = [1, 2, 3, 4, 5].map((nth) => house.asOwner("POST", `${PEOPLE}/invitations`, invite(nth)));
  const statuses = (await Promise.all(atOnce)).map(({ status }) => status).sort();
  expect(statuses).toEqual([201, 409, 409, 409, 409]);
});

test("a role is changed, and the audit has before and after", async () => {
  await using house = await startAcme();
  const bob = await house.person("member", "bob");
  expect((await house.asOwner("PATCH", pathOf(bob), { role: "auditor" })).status).toBe(204);
  expect((await rolesIn(house)).get(bob.id)).toBe("auditor");
  expect((await audit(house))[0]).toMatchObject({
    event: "member.role_changed",
    entry: { member: "bob@acme.example", before: { role: "member" }, after: { role: "auditor" } },
  });
});

test("the last owner is neither removed nor lowered, also where two owners try at once to do it to each other", async () => {
  await using house = await startAcme();
  expect((await house.asOwner("DELETE", pathOf(house.owner))).status).toBe(409);
  expect((await house.asOwner("PATCH", pathOf(house.owner), { role: "member" })).status).toBe(409);
  const second = await house.person("owner", "second");
  const asSecond = await signIn(house, second);
  const answers = await Promise.all([
    house.asOwner("DELETE", pathOf(second)),
    asSecond("PATCH", pathOf(house.owner), { role: "member" }),
  ]);
  expect(answers.filter(({ status }) => status === 204).length).toBeLessThanOrEqual(1);
  expect([...(await rolesIn(house)).values()].filter((role) => role === "owner").length).toBeGreaterThanOrEqual(1);
});

test("an admin touches no owner and makes none", async () => {
  await using house = await startAcme();
  const admin = await house.person("admin");
  const asAdmin = await signIn(house, admin);
  const second = await house.person("owner", "second");
  expect((await asAdmin("DELETE", pathOf(second))).status).toBe(403);
  expect((await asAdmin("PATCH", pathOf(second), { role: "member" })).status).toBe(403);
  expect((await asAdmin("PATCH", pathOf(admin), { role: "owner" })).status).toBe(403);
  expect((await asAdmin("POST", `${PEOPLE}/invitations`, { email: "x@new.example", role: "owner" })).status).toBe(403);
  await house.asOwner("POST", `${PEOPLE}/invitations`, { email: "x@new.example", role: "owner" });
  const { json } = await asAdmin("GET", PEOPLE);
  const invitation = `${PEOPLE}/invitations/${json.invitations[0].id}`;
  expect((await asAdmin("POST", `${invitation}/send`)).status).toBe(403);
  expect((await asAdmin("DELETE", invitation)).status).toBe(403);
});

test("who becomes an owner while an admin changes them is an owner", async () => {
  await using house = await startAcme();
  const [admin, rising] = [await house.person("admin"), await house.person("member")];
  const asAdmin = await signIn(house, admin);
  for (let round = 0; round < 5; round++) {
    const [raised] = await Promise.all([
      house.asOwner("PATCH", pathOf(rising), { role: "owner" }),
      asAdmin("PATCH", pathOf(rising), { role: "auditor" }),
    ]);
    expect(raised.status).toBe(204);
    expect((await rolesIn(house)).get(rising.id)).toBe("owner");
    await house.asOwner("PATCH", pathOf(rising), { role: "member" });
  }
});

test("who is removed is out of the dashboard with the next request, and in the audit", async () => {
  await using house = await startAcme();
  const bob = await house.person("admin", "bob");
  const asBob = await signIn(house, bob);
  expect((await asBob("GET", PEOPLE)).status).toBe(200);
  expect((await house.asOwner("DELETE", pathOf(bob))).status).toBe(204);
  expect((await asBob("GET", PEOPLE)).status).toBe(404);
  expect((await audit(house))[0]).toMatchObject({ event: "member.removed", entry: { member: "bob@acme.example" } });
});

test("another org's members and invitations cannot be told from those that do not exist", async () => {
  await using house = await startAcme();
  const other = await house.addOrg({ slug: "other" });
  const asOther = await signIn(house, await house.person("owner", "boss", other));
  const stranger = await house.person("member", "zoe", other);
  await house.asOwner("POST", `${PEOPLE}/invitations`, { email: "eve@new.example", role: "member" });
  const { json } = await house.asOwner("GET", PEOPLE);
  const theirs = "/api/orgs/other/people";
  expect((await house.asOwner("DELETE", pathOf(stranger))).status).toBe(404);
  expect((await house.asOwner("PATCH", pathOf(stranger), { role: "admin" })).status).toBe(404);
  expect((await asOther("DELETE", `${theirs}/invitations/${json.invitations[0].id}`)).status).toBe(404);
  expect((await asOther("GET", PEOPLE)).status).toBe(404);
  expect((await house.asOwner("DELETE", `${PEOPLE}/members/not-an-id`)).status).toBe(404);
});

test("an invitation is of whoever has sent it last", async () => {
  await using house = await startAcme();
  const bob = await house.person("admin", "bob");
  await (await signIn(house, bob))("POST", `${PEOPLE}/invitations`, { email: "eve@new.example", role: "member" });
  await house.asOwner("DELETE", pathOf(bob));
  const bobs = await link(house, "eve@new.example");
  expect((await fetch(bobs)).status).toBe(404);
  const { json } = await house.asOwner("GET", PEOPLE);
  await house.asOwner("POST", `${PEOPLE}/invitations/${json.invitations[0].id}/send`);
  await vi.waitFor(async () => expect((await fetch(await link(house, "eve@new.example"))).status).toBe(200));
});

test("in an org that is suspended, its people see what there is and change nothing", async () => {
  await using house = await startAcme();
  await withOrg(house.ownerDb, house.acme.id, suspendOrg);
  expect((await house.asOwner("GET", PEOPLE)).status).toBe(200);
  const refused = await house.asOwner("POST", `${PEOPLE}/invitations`, { email: "eve@new.example", role: "member" });
  expect(refused).toMatchObject({ status: 403, json: { detail: expect.stringContaining("Acme is suspended") } });
  expect((await house.asOwner("POST", "/api/orgs/acme/connectors", {})).status).toBe(403);
  expect(house.mails).toEqual([]);
});
