import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { DEFAULT_PLAN, savePlan } from "@gatehouse/store/plans";
import type { Role } from "@gatehouse/store/tables";
import { startHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";
import { signIn } from "./signed-in.ts";

const PATH = "/api/orgs/acme/limits";

async function startAcme() {
  const house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const as = async (role: Role) => signIn(house, await house.addMember(org, { email: `${role}@acme.example`, role }));
  return Object.assign(house, { org, as });
}

test("owners set limits for each and for one, and the audit tells before and after", async () => {
  await using house = await startAcme();
  const owner = await house.as("owner");
  const set = (amounts: object, subjectId = "") => owner("PUT", PATH, { subject: "member", subjectId, amounts });
  expect((await set({ callsPerMinute: 60 })).status).toBe(204);
  expect((await set({ callsPerMinute: 600, bytesPerDay: 5e9 }, "somebody")).status).toBe(204);
  expect((await set({ callsPerDay: 1000 })).status).toBe(204);
  const { json } = await owner("GET", PATH);
  expect(json.limits).toEqual([
    { subject: "member", subjectId: "", amounts: { callsPerDay: 1000 } },
    { subject: "member", subjectId: "somebody", amounts: { callsPerMinute: 600, bytesPerDay: 5e9 } },
  ]);
  const [row] = await withOrg(house.ownerDb, house.org.id, (scope) => listAudit(scope, { limit: 1 }));
  expect(row).toMatchObject({
    event: "limits.changed",
    entry: { whose: "member", before: { callsPerMinute: 60 }, after: { callsPerDay: 1000 } },
  });
  expect((await set({})).status).toBe(204);
  expect((await owner("GET", PATH)).json.limits).toHaveLength(1);
});

test("no limit is above the plan's, and none is no number", async () => {
  await using house = await startAcme();
  await savePlan(house.ownerDb, { name: DEFAULT_PLAN, limits: { tool: { callsPerMinute: 100 } } });
  const admin = await house.as("admin");
  const over = await admin("PUT", PATH, { subject: "tool", amounts: { callsPerMinute: 101, callsPerDay: 1e6 } });
  expect(over.status).toBe(422);
  expect(over.json.fields).toEqual({ "amounts.callsPerMinute": "Your plan allows 100 at most" });
  for (const callsPerMinute of [0, -1, 1.5, "5", null]) {
    const wrong = await admin("PUT", PATH, { subject: "tool", amounts: { callsPerMinute } });
    expect(Object.keys(wrong.json.fields)).toEqual(["amounts.callsPerMinute"]);
  }
  expect((await admin("PUT", PATH, { subject: "planet", amounts: {} })).status).toBe(422);
  expect((await admin("PUT", PATH, { subject: "org", amounts: { callsPerYear: 1 } })).status).toBe(422);
});

test("members and auditors set no limits, and members do not see what others use", async () => {
  await using house = await startAcme();
  for (const role of ["member", "auditor"] as const) {
    const send = await house.as(role);
    expect((await send("GET", PATH)).status).toBe(403);
    expect((await send("PUT", PATH, { subject: "org", amounts: {} })).status).toBe(403);
    expect((await send("GET", "/api/orgs/acme/usage")).status).toBe(role === "auditor" ? 200 : 403);
  }
});
