import { mkdir, rm, rmdir } from "node:fs/promises";
import { openKeyRing, rotateKeys } from "@gatehouse/auth/keys";
import { openDatabase, openDatabaseAsOwner, withOrg } from "@gatehouse/store/database";
import { createLogger } from "@gatehouse/telemetry/log";
import { callWhoAmI } from "@gatehouse/testing/accounts/call-whoami";
import { linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import type { SdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { makeCertificate } from "@gatehouse/testing/certificate";
import type { TestDatabase } from "@gatehouse/testing/database";
import type { Endpoint, Person, TestHouse } from "@gatehouse/testing/house";
import { giveSecrets } from "@gatehouse/testing/org-secrets";
import { tokenFor } from "@gatehouse/testing/token-for";
import { sql } from "kysely";
import { startUpstream } from "../../apps/gateway/test/upstream.ts";

// What goes wrong at signing in, at renewing and by itself with time, done for real to a running house.

export interface Fault {
  alert: string;
  /** Comes true as well. */
  also?: readonly string[];
  goWrong(): Promise<unknown>;
  goWell(): Promise<unknown>;
  /** Of the time that the alert gives, what need not be waited for. */
  aheadSeconds?: number;
  /** Until what has gone wrong is past, where nothing more does. */
  pastAfterSeconds?: number;
}

export interface Furnished {
  house: TestHouse;
  alice: Person;
  endpoint: Endpoint;
  /** Until Prometheus has seen it. */
  seen(expression: string): Promise<unknown>;
}

export async function signInsFail({ alice, endpoint: { url }, seen }: Furnished): Promise<Fault> {
  const { clientId } = await tokenFor(alice, url);
  const succeed = () => tokenFor(alice, url, { clientId });
  const fail = (name: string) =>
    tokenFor({ ...alice, email: `${name}@acme.example` }, url, { clientId }).catch(() => {});
  return {
    alert: "SignInFails",
    async goWrong() {
      await fail("nobody");
      await seen('gatehouse_sign_ins_total{outcome="failed"}');
      await times(8, succeed);
      await times(16, (at) => fail(`nobody${at}`));
    },
    goWell: () => times(12, succeed),
  };
}

export async function refreshesFail({ house, alice, endpoint, seen }: Furnished): Promise<Fault> {
  let { refreshToken, clientId } = await tokenFor(alice, endpoint.url);
  async function refresh(token: string): Promise<string | undefined> {
    const body = new URLSearchParams({ grant_type: "refresh_token", client_id: clientId, refresh_token: token });
    const answer = await fetch(`${house.url}/oauth/token`, { method: "POST", body });
    return ((await answer.json()) as { refresh_token?: string }).refresh_token;
  }
  async function succeed(): Promise<void> {
    refreshToken = (await refresh(refreshToken))!;
  }
  const fail = () => refresh("there never was such a one");
  return {
    alert: "RefreshFails",
    async goWrong() {
      await succeed();
      await fail();
      await seen('gatehouse_token_refreshes_total{outcome="failed"}');
      await times(20, succeed);
      await times(4, fail);
    },
    goWell: () => times(24, succeed),
  };
}

/** `accounts` is where the upstream's tokens come from. */
export async function upstreamRefuses(
  { house, alice, endpoint: { org }, seen }: Furnished,
  accounts: SdkServer,
): Promise<Fault & AsyncDisposable> {
  const upstream = await startWhoAmI(accounts);
  const access = [{ kind: "member-oauth" as const }];
  const endpoint = await house.addConnector(org, { slug: "notes", url: upstream.url, tools: [WHO_AM_I], access });
  await linkAccount(linkFor(house, alice, endpoint), { person: alice, as: "alice" });
  const { accessToken } = await tokenFor(alice, endpoint.url);
  function callWithOldToken(): Promise<unknown> {
    accounts.expireAll();
    return callWhoAmI(endpoint.url, accessToken);
  }
  const fail = () => callWithOldToken().catch(() => {});
  return {
    alert: "UpstreamRefreshFails",
    async goWrong() {
      accounts.beforeRefresh = () => Promise.reject(new Error("out of order"));
      await fail();
      await seen('gatehouse_upstream_token_refreshes_total{outcome="failed"}');
      await times(3, fail);
    },
    goWell() {
      accounts.beforeRefresh = async () => {};
      return callWithOldToken();
    },
    pastAfterSeconds: 15 * 60,
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
}

/** Nobody calls there. */
export async function certificateEnds({ house, endpoint: { org } }: Furnished): Promise<Fault & AsyncDisposable> {
  const tls = { ...makeCertificate(), requestCert: true, rejectUnauthorized: false };
  const upstream = await startUpstream({ tls });
  const access = [{ kind: "mtls" as const }];
  const endpoint = await house.addConnector(org, { slug: "ledger", url: upstream.url, access });
  const given = { connectorId: endpoint.id, url: upstream.url, access };

  async function give(endsAt?: Date): Promise<void> {
    const { cert: certificate, key } = makeCertificate({ endsAt });
    const secrets = { mtls: { certificate, key, ca: tls.cert } };
    const dataKey = await house.vault.dataKey(org.id);
    await withOrg(house.ownerDb, org.id, (scope) => giveSecrets(scope, dataKey, { ...given, secrets }));
  }
  return {
    alert: "CertificateEnds",
    goWrong: () => give(new Date(Date.now() + 13 * 86_400_000)),
    goWell: () => give(),
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
}

/** Before the house is opened: as if it had been, for the first time, so many days ago. */
export async function ageKeys({ access, vault }: TestDatabase, days: number): Promise<void> {
  await using owner = openDatabaseAsOwner(access.url);
  await using db = openDatabase(access, "gatehouse_auth");
  await using _ring = await openKeyRing({ db, vault, log: createLogger() });
  await sql`update signing_keys set created_at = created_at - make_interval(days => ${days}),
    signs_from = signs_from - make_interval(days => ${days})`.execute(owner);
}

/** Of a house whose keys are old enough. */
export function keyEnds(house: Pick<TestHouse, "access" | "vault">): Fault {
  return {
    alert: "KeyEnds",
    async goWrong() {},
    async goWell() {
      await using db = openDatabase(house.access, "gatehouse_auth");
      await rotateKeys(db, house.vault);
    },
  };
}

/** The dashboard may not look whose browser it is. */
export function requestsFail({ house: { ownerDb, url }, seen }: Pick<Furnished, "house" | "seen">): Fault {
  const ask = () => fetch(`${url}/api/session`, { headers: { cookie: "gatehouse-session=whose" } });
  return {
    ...{ alert: "RequestsBurnFast", also: ["RequestsBurnSlowly"] },
    async goWrong() {
      await sql`revoke select on browser_sessions from gatehouse_dashboard`.execute(ownerDb);
      await ask();
      await seen('http_server_request_duration_seconds_count{http_response_status_code="500"}');
      await times(50, ask);
    },
    goWell: () => sql`grant select on browser_sessions to gatehouse_dashboard`.execute(ownerDb),
    pastAfterSeconds: 6 * 60,
  };
}

/** A role may not do what it does for it. */
export function jobIsNotDone({ ownerDb }: Pick<TestHouse, "ownerDb">): Fault {
  return {
    alert: "JobNotDone",
    goWrong: () => sql`revoke execute on function broken_links_to_tell from gatehouse_auth`.execute(ownerDb),
    goWell: () => sql`grant execute on function broken_links_to_tell to gatehouse_auth`.execute(ownerDb),
    aheadSeconds: 55,
  };
}

/** Where they are appended to is a directory all of a sudden. */
export function headsAreNotPublished(path: string): Fault {
  return {
    alert: "HeadsNotPublished",
    async goWrong() {
      await rm(path, { force: true });
      await mkdir(path);
    },
    goWell: () => rmdir(path),
    aheadSeconds: 55,
  };
}

/** A mail that is put off again and again. */
export function mailIsLate({ ownerDb }: Pick<TestHouse, "ownerDb">): Fault {
  return {
    alert: "JobLags",
    goWrong: () =>
      sql`insert into mails (id, sealed, created_at, due_at)
        values (gen_random_uuid(), '', now() - interval '20 minutes', now() + interval '1 hour')`.execute(ownerDb),
    goWell: () => sql`delete from mails where due_at > now() + interval '10 minutes'`.execute(ownerDb),
  };
}

async function times(count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < count; at++) await work(at);
}
