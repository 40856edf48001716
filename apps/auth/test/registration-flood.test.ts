import { deleteSurplusClients } from "@gatehouse/store/oidc-records";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { LIFETIMES } from "../src/lifetimes.ts";
import { REGISTRATION_LIMITS } from "../src/pace-registrations.ts";
import { connect, refresh, startAuthAlone } from "./auth-alone.ts";

const pace = (perSecond: number, burst: number, waitMsMax: number) => ({ perSecond, burst, waitMsMax });

test("a flood of registrations is made to wait, then told when to come again; the address is never locked out", async () => {
  const registrationLimits = { ...REGISTRATION_LIMITS, oneAddress: pace(10, 5, 500) };
  await using house = await startAuthAlone({ auth: { registrationLimits } });
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 30 }, () => house.register()));
  const accepted = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status }) => status === 429);
  expect(accepted.length).toBeGreaterThanOrEqual(10);
  expect(accepted.length + refused.length).toBe(30);
  expect(performance.now() - began).toBeGreaterThan(400);
  for (const { headers, json } of refused) {
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect(json.error_description).toContain("try again in");
    expect(headers.get("access-control-allow-origin")).toBe("*");
  }
  // Whoever shares the address gets through as soon as it is their turn.
  await expect.poll(async () => (await house.register()).status, { interval: 200, timeout: 5000 }).toBe(201);
  expect(house.errors()).toEqual([]);
});

test("a flood from everywhere is slowed as a whole", async () => {
  const registrationLimits = { ...REGISTRATION_LIMITS, everybody: pace(5, 3, 0) };
  await using house = await startAuthAlone({ auth: { registrationLimits } });
  const answers = await Promise.all(Array.from({ length: 12 }, () => house.register()));
  expect(answers.filter(({ status }) => status === 201).length).toBeLessThan(8);
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(4);
});

test("of more clients than are kept, the oldest that nobody uses go first, with their management tokens", async () => {
  await using house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const used = await connect(house, await house.addMember(org, "ada"), resource);
  const registered: { registration_client_uri: string; registration_access_token: string }[] = [];
  for (let count = 0; count < 5; count++) registered.push((await house.register()).json);
  await deleteSurplusClients(house.ownerDb, { countMax: 2, unusedSeconds: LIFETIMES.unusedClient });
  const read = async ({ registration_client_uri, registration_access_token }: (typeof registered)[number]) =>
    (await fetch(registration_client_uri, { headers: { authorization: `Bearer ${registration_access_token}` } }))
      .status;
  expect(await Promise.all(registered.map(read))).toEqual([401, 401, 401, 200, 200]);
  expect((await refresh(house, used.clientId, used.tokens.refresh_token)).status).toBe(200);
  const { rows } = await sql<{ tokens: number }>`
    select count(*)::int as tokens from oidc_records where model = 'RegistrationAccessToken'`.execute(house.ownerDb);
  expect(rows[0]!.tokens).toBe(3);
});

test("a client stays for 90 days after it was last given a token, and for as long as its consent", async () => {
  await using house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const { clientId, tokens } = await connect(house, await house.addMember(org, "ada"), resource);
  const daysLeft = async () => {
    const { rows } = await sql<{ days: number }>`
      select extract(day from max(expires_at) - now())::int as days from oidc_records where model = 'Client'`.execute(
      house.ownerDb,
    );
    return rows[0]!.days;
  };
  expect(await daysLeft()).toBeGreaterThan(360);
  await sql`update oidc_records set expires_at = now() + interval '10 days' where model = 'Client'`.execute(
    house.ownerDb,
  );
  expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(200);
  expect(await daysLeft()).toBeGreaterThanOrEqual(89);
});
