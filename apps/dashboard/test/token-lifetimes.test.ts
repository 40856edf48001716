import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import type { Role } from "@gatehouse/store/tables";
import { startHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";
import { signIn } from "./signed-in.ts";

const PATH = "/api/orgs/acme/token-lifetimes";
const USUAL = { accessTokenTtlSeconds: null, refreshTokenTtlSeconds: null, refreshTokenTtlSecondsMax: null };
const DAY = 86_400;

async function startAcme() {
  const house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const as = async (role: Role) => signIn(house, await house.addMember(org, { email: `${role}@acme.example`, role }));
  return Object.assign(house, { org, as });
}

test("owners and admins set how long tokens live, and the audit tells before and after", async () => {
  await using house = await startAcme();
  const owner = await house.as("owner");
  expect((await owner("GET", PATH)).json).toMatchObject({
    set: USUAL,
    bounds: { accessTokenTtlSeconds: { usual: 1800, min: 300, max: 43_200 } },
  });
  const set = { accessTokenTtlSeconds: 600, refreshTokenTtlSeconds: DAY, refreshTokenTtlSecondsMax: null };
  expect((await owner("PUT", PATH, set)).status).toBe(204);
  expect((await owner("GET", PATH)).json.set).toEqual(set);
  const [row] = await withOrg(house.ownerDb, house.org.id, (scope) => listAudit(scope, { limit: 1 }));
  expect(row).toMatchObject({ event: "token_lifetimes.changed", entry: { before: USUAL, after: set } });
});

test("what is out of bounds is refused field by field, and by nobody but owners and admins set", async () => {
  await using house = await startAcme();
  const admin = await house.as("admin");
  const wrong = { accessTokenTtlSeconds: 299, refreshTokenTtlSeconds: 0.5, refreshTokenTtlSecondsMax: 366 * DAY };
  const refused = await admin("PUT", PATH, wrong);
  expect(refused.status).toBe(422);
  expect(Object.keys(refused.json.fields)).toEqual(Object.keys(wrong));
  const crossed = { ...USUAL, refreshTokenTtlSecondsMax: DAY };
  expect((await admin("PUT", PATH, crossed)).json.fields).toEqual({
    refreshTokenTtlSeconds: "An unused connection cannot stay longer than any connection may",
  });
  for (const role of ["member", "auditor"] as const) {
    const send = await house.as(role);
    expect([(await send("GET", PATH)).status, (await send("PUT", PATH, USUAL)).status]).toEqual([403, 403]);
  }
});
