import { listen } from "@gatehouse/gatehouse/listen";
import { cloneDatabase } from "@gatehouse/testing/database";
import { startRelay } from "@gatehouse/testing/relay";
import { sql } from "kysely";
import { expect, test } from "vitest";
import {
  type AuthAlone,
  AuthorizationRequest,
  connect,
  type Member,
  redeem,
  refresh,
  signIn,
  startAuthAlone,
} from "./auth-alone.ts";

// What is interrupted between any two steps, or in the middle of one, is gone on with.

interface Answer {
  status: number;
  headers: Headers;
}

/** One step of a flow: it may be made again, and answers the same. */
type Make = <T extends Answer>(step: (house: AuthAlone) => Promise<T>) => Promise<T>;

/** From registration to the second refresh, each step made by `make`. */
async function connectBySteps(make: Make, house: AuthAlone, member: Member, resource: string) {
  const { json: client } = await make((now) => now.register());
  const clientId = client.client_id as string;
  const request = new AuthorizationRequest(house, { client_id: clientId, resource });
  const form = await make(() => member.browser.open(request.url));
  const consent = await make(() => signIn(member, form));
  const { left } = await make(() => member.browser.submit(consent, { decision: "approve" }));
  const code = left.searchParams.get("code")!;
  const { json: tokens } = await make((now) => redeem(now, { clientId, code, request }));
  const { json: renewed } = await make((now) => refresh(now, clientId, tokens.refresh_token));
  return make((now) => refresh(now, clientId, renewed.refresh_token));
}

test("the server is started anew between any two steps of a flow: the flow goes on", { timeout: 60_000 }, async () => {
  await using database = await cloneDatabase();
  const { access, vault } = database;
  let house = await startAuthAlone({ access, vault });
  const { publicUrl, port } = house;
  const { ada, resource } = await furnish(house);

  const restartFirst: Make = async (step) => {
    await house[Symbol.asyncDispose]();
    const server = await listen({ host: "127.0.0.1", port });
    house = await startAuthAlone({ access, vault, publicUrl, server });
    return step(house);
  };
  expect((await connectBySteps(restartFirst, house, ada, resource)).status).toBe(200);
  await house[Symbol.asyncDispose]();
});

test("Postgres is gone at any step of a flow: 503 with Retry-After, and trying again works", {
  timeout: 60_000,
}, async () => {
  await using database = await cloneDatabase();
  await using relay = await startRelay(new URL(database.access.url));
  const access = { ...database.access, url: relay.url };
  await using house = await startAuthAlone({ access, vault: database.vault });
  const { ada, resource } = await furnish(house);

  const failFirst: Make = async (step) => {
    relay.cut();
    const { status, headers } = await step(house);
    expect([status, headers.get("retry-after")]).toEqual([503, "2"]);
    relay.restore();
    return step(house);
  };
  expect((await connectBySteps(failFirst, house, ada, resource)).status).toBe(200);
});

test.each(["oidc_records", "audit"])(
  "Postgres ends in the middle of the token endpoint's work, at its write to %s: 503, and trying again works",
  async (table) => {
    await using house = await startAuthAlone();
    const { ada, resource } = await furnish(house);
    const { json: client } = await house.register();
    const clientId = client.client_id as string;
    const request = new AuthorizationRequest(house, { client_id: clientId, resource });
    const consent = await signIn(ada, await ada.browser.open(request.url));
    const { left } = await ada.browser.submit(consent, { decision: "approve" });
    const code = left.searchParams.get("code")!;

    await endAtInsertInto(table, house);
    const broken = await redeem(house, { clientId, code, request });
    expect([broken.status, broken.headers.get("retry-after"), broken.json.error]).toEqual([
      ...[503, "2", "temporarily_unavailable"],
    ]);
    await sql`drop trigger ends on ${sql.table(table)}`.execute(house.ownerDb);
    const { status, json: tokens } = await redeem(house, { clientId, code, request });
    expect(status).toBe(200);

    await endAtInsertInto(table, house);
    expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(503);
    await sql`drop trigger ends on ${sql.table(table)}`.execute(house.ownerDb);
    const renewed = await refresh(house, clientId, tokens.refresh_token);
    expect(renewed.status).toBe(200);

    const again = await redeem(house, { clientId, code, request });
    expect([again.status, again.json.error]).toEqual([400, "invalid_grant"]);
    expect((await refresh(house, clientId, renewed.json.refresh_token)).json.error).toBe("invalid_grant");
  },
);

test("never two families from one token: whatever came of a race, one reuse ends it all", async () => {
  await using house = await startAuthAlone();
  const { ada, resource } = await furnish(house);
  const { clientId, tokens } = await connect(house, ada, resource);
  const race = await Promise.all([1, 2, 3, 4].map(() => refresh(house, clientId, tokens.refresh_token)));
  expect(race.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  await sql`update oidc_records set consumed_at = consumed_at - interval '61 seconds'`.execute(house.ownerDb);
  expect((await refresh(house, clientId, tokens.refresh_token)).json.error).toBe("invalid_grant");
  for (const { json } of race) {
    expect((await refresh(house, clientId, json.refresh_token)).json.error).toBe("invalid_grant");
  }
});

/** What Postgres says to whoever is connected when it is stopped. */
async function endAtInsertInto(table: string, { ownerDb }: AuthAlone): Promise<void> {
  await sql`create or replace function ends() returns trigger language plpgsql as
    $$ begin raise exception 'terminating connection' using errcode = '57P01'; end $$`.execute(ownerDb);
  await sql`create trigger ends before insert on ${sql.table(table)} for each row execute function ends()`.execute(
    ownerDb,
  );
}

async function furnish(house: AuthAlone) {
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  return { resource, ada: await house.addMember(org, "ada") };
}
