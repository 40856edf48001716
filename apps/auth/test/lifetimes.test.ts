import { withOrg } from "@gatehouse/store/database";
import { deleteGrant, listGrants } from "@gatehouse/store/grants";
import { removeMember } from "@gatehouse/store/members";
import { resumeOrg, suspendOrg } from "@gatehouse/store/suspensions";
import { type TokenLifetimes, updateTokenLifetimes } from "@gatehouse/store/token-lifetimes";
import { decodeJwt } from "jose";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { connect, refresh, startAuthAlone } from "./auth-alone.ts";

const DAY = 24 * 60 * 60;
const DEPLOYMENTS_OWN = { accessTokenTtlSeconds: null, refreshTokenTtlSeconds: null, refreshTokenTtlSecondsMax: null };

async function startAcme() {
  const house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  return Object.assign(house, {
    ...{ org, resource, ada },
    set: (lifetimes: Partial<TokenLifetimes>) =>
      withOrg(house.ownerDb, org.id, (scope) => updateTokenLifetimes(scope, { ...DEPLOYMENTS_OWN, ...lifetimes })),
    /** As if everything that is stored had been done so much earlier. */
    async letPass(seconds: number): Promise<void> {
      await sql`update oidc_records set expires_at = expires_at - make_interval(secs => ${seconds}),
        consumed_at = consumed_at - make_interval(secs => ${seconds}),
        payload = payload || jsonb_strip_nulls(jsonb_build_object(
          'iat', (payload ->> 'iat')::int - ${seconds}::int, 'exp', (payload ->> 'exp')::int - ${seconds}::int,
          'iiat', (payload ->> 'iiat')::int - ${seconds}::int))`.execute(house.ownerDb);
    },
  });
}

const statusOf = ({ status, json }: { status: number; json: { error?: string } }) => [status, json.error];

test("an access token lives for 30 minutes; a refresh token a day and 29 days later still works, for 30 days from then", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  expect(tokens.expires_in).toBe(1800);
  const { iat, exp } = decodeJwt(tokens.access_token);
  expect(exp! - iat!).toBe(1800);
  let { refresh_token } = tokens;
  for (const seconds of [DAY, 29 * DAY, 29 * DAY]) {
    await house.letPass(seconds);
    const { status, json } = await refresh(house, clientId, refresh_token);
    expect(status).toBe(200);
    refresh_token = json.refresh_token;
  }
  await house.letPass(30 * DAY);
  expect(statusOf(await refresh(house, clientId, refresh_token))).toEqual([400, "invalid_grant"]);
});

test("however often it is rotated, 180 days after sign-in it has ended", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  let { refresh_token } = tokens;
  for (let day = 0; day < 175; day += 25) {
    await house.letPass(25 * DAY);
    refresh_token = (await refresh(house, clientId, refresh_token)).json.refresh_token;
  }
  await house.letPass(5 * DAY);
  expect(statusOf(await refresh(house, clientId, refresh_token))).toEqual([400, "invalid_grant"]);
});

test("an org sets its own, from the next token on; what was given for longer ends as the org now says", async () => {
  await using house = await startAcme();
  const before = await connect(house, house.ada, house.resource);
  await house.set({ accessTokenTtlSeconds: 600, refreshTokenTtlSeconds: DAY, refreshTokenTtlSecondsMax: 3 * DAY });
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  expect(tokens.expires_in).toBe(600);
  let { refresh_token } = tokens;
  for (const hours of [23, 23, 23]) {
    await house.letPass(hours * 3600);
    const { status, json } = await refresh(house, clientId, refresh_token);
    expect([status, json.expires_in]).toEqual([200, 600]);
    refresh_token = json.refresh_token;
  }
  await house.letPass(4 * 3600);
  expect(statusOf(await refresh(house, clientId, refresh_token))).toEqual([400, "invalid_grant"]);
  expect(statusOf(await refresh(house, before.clientId, before.tokens.refresh_token))).toEqual([400, "invalid_grant"]);
});

test("bounds that no org may leave are the database's", async () => {
  await using house = await startAcme();
  for (const lifetimes of [
    { accessTokenTtlSeconds: 299 },
    { accessTokenTtlSeconds: 12 * 3600 + 1 },
    { refreshTokenTtlSeconds: 91 * DAY },
    { refreshTokenTtlSecondsMax: 366 * DAY },
  ]) {
    await expect(house.set(lifetimes)).rejects.toThrow("violates check constraint");
  }
});

test("refresh is dead at once for a member who was removed, and for a grant that was ended", async () => {
  await using house = await startAcme();
  const bob = await house.addMember(house.org, "bob");
  const [hers, his] = [await connect(house, house.ada, house.resource), await connect(house, bob, house.resource)];
  await withOrg(house.ownerDb, house.org.id, (scope) => removeMember(scope, bob.id));
  const [grant] = await withOrg(house.ownerDb, house.org.id, (scope) => listGrants(scope));
  await withOrg(house.ownerDb, house.org.id, (scope) => deleteGrant(scope, grant!.id));
  for (const { clientId, tokens } of [hers, his]) {
    expect(statusOf(await refresh(house, clientId, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
  }
});

test("while an org is suspended nobody refreshes or connects there; when it is resumed, the same tokens go on", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  await withOrg(house.ownerDb, house.org.id, suspendOrg);
  for (const _ of [1, 2]) {
    expect(statusOf(await refresh(house, clientId, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
  }
  const refused = await connect(house, house.ada, house.resource);
  expect(refused.tokens.access_token).toBeUndefined();
  await house.letPass(120);
  await withOrg(house.ownerDb, house.org.id, resumeOrg);
  expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(200);
});
