import { setTimeout as after } from "node:timers/promises";
import type { WayOf } from "@gatehouse/credentials/access";
import type { WithToken } from "@gatehouse/credentials/present";
import { openCredential, sealCredential } from "@gatehouse/credentials/sealed-credential";
import { asFetch } from "@gatehouse/egress/as-fetch";
import { AUTHORIZATION } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import { requestClientToken } from "@gatehouse/oauth/client/client-credentials";
import {
  type Credential,
  claimRefresh,
  findCredential,
  releaseRefresh,
  updateRefreshed,
} from "@gatehouse/store/credentials";
import { type Database, withOrg } from "@gatehouse/store/database";
import type { Dependencies } from "./dependencies.ts";
import type { Exchange } from "./exchange.ts";
import type { ConnectorSnapshot } from "./snapshots.ts";

/** The tokens that orgs get for themselves (RFC 6749 §4.4). */
export interface ClientTokens {
  /** The credential with a token that is valid; at once where it has one. */
  fresh(exchange: Exchange, key: ClientKey): Credential | Promise<Credential>;
  /** After the upstream has refused it: `true` where there is another by now. */
  renewRefused(exchange: Exchange): Promise<boolean>;
}

export interface ClientKey {
  way: WayOf<"client-credentials">;
  credential: Credential;
}

/** Longer than a request for a token may take. */
const LEASE_SECONDS = 15;
/** A token is replaced this long before it expires, while it still serves. */
const AHEAD_MS = 60_000;
/** What it may take for a call to reach the upstream. */
const TRAVEL_MS = 5000;
const LOOK_EVERY_MS = 100;
/** A token that is refused when it is newer than this would be refused again. */
const JUST_NEW_MS = 10_000;

type Used = Pick<Dependencies, "vault" | "egress" | "log"> & { db: Database };

/** Of all replicas, one gets a new token, and the others wait for what it gets. */
export function openClientTokens({ db, vault, egress, log }: Used): ClientTokens {
  const latest = new Map<string, Credential>();
  const refreshing = new Map<string, Promise<Credential>>();

  function refreshOnce(org: string, connector: ConnectorSnapshot, key: ClientKey): Promise<Credential> {
    const { id } = key.credential;
    let pending = refreshing.get(id);
    if (!pending) {
      pending = refresh(org, connector, key).finally(() => refreshing.delete(id));
      refreshing.set(id, pending);
    }
    return pending;
  }

  async function refresh(org: string, connector: ConnectorSnapshot, key: ClientKey): Promise<Credential> {
    const { credential } = key;
    const isOurs = await withOrg(db, org, (scope) => claimRefresh(scope, credential, LEASE_SECONDS));
    const found = isOurs ? await renew(org, connector, key) : await waitFor(org, key);
    latest.set(found.id, found);
    return found;
  }

  async function renew(org: string, connector: ConnectorSnapshot, { way, credential }: ClientKey): Promise<Credential> {
    const sentTo = { upstreamOrigin: connector.origin, tokenEndpoint: way.tokenEndpoint };
    const dataKey = await vault.dataKey(org);
    try {
      const secret = openCredential<WithToken>(dataKey, { org, ...credential }, credential.sealed!, sentTo);
      const { accessToken, expiresAt } = await requestClientToken({ ...way, ...secret }, upstreamOf(connector));
      const version = credential.version + 1;
      const sealed = sealCredential(dataKey, { org, id: credential.id, version }, sentTo, { ...secret, accessToken });
      await withOrg(db, org, (scope) => updateRefreshed(scope, credential, { sealed, expiresAt }));
      return { ...credential, sealed, version, expiresAt, lastRefreshedAt: new Date() };
    } catch (error) {
      await withOrg(db, org, (scope) => releaseRefresh(scope, credential)).catch(() => {});
      throw error;
    }
  }

  /** Another replica has asked; if it never gets an answer, its lease ends. */
  async function waitFor(org: string, { credential }: ClientKey): Promise<Credential> {
    for (const end = Date.now() + LEASE_SECONDS * 1000; Date.now() < end; await after(LOOK_EVERY_MS)) {
      const row = await withOrg(db, org, (scope) => findCredential(scope, credential.id));
      if (row && row.version !== credential.version && row.sealed) return row;
    }
    throw new Fault("upstream_timeout", "No new token came in time");
  }

  function upstreamOf({ origin, egressException: exception }: ConnectorSnapshot) {
    return { fetch: asFetch(egress, { ...AUTHORIZATION, exception }), allowHttp: origin.startsWith("http:") };
  }

  function newest(stored: Credential): Credential {
    const newer = latest.get(stored.id);
    return newer && newer.version > stored.version ? newer : stored;
  }

  function freshOf(org: string, connector: ConnectorSnapshot, { way, credential: stored }: ClientKey) {
    const credential = newest(stored);
    const leftMs = credential.expiresAt ? credential.expiresAt.getTime() - Date.now() : Number.POSITIVE_INFINITY;
    if (leftMs > AHEAD_MS) return credential;
    const pending = refreshOnce(org, connector, { way, credential });
    if (leftMs < TRAVEL_MS) return pending;
    pending.catch((err) => log.warn({ err, connector: connector.id }, "a token could not be replaced ahead of time"));
    return credential;
  }

  function note(exchange: Exchange, credential: Credential): Credential {
    exchange.clientToken = credential;
    return credential;
  }

  return {
    fresh(exchange, key) {
      const found = freshOf(exchange.org.id, exchange.connector, key);
      return found instanceof Promise ? found.then((row) => note(exchange, row)) : note(exchange, found);
    },
    async renewRefused({ org, connector, clientToken: refused }) {
      const way = connector.access.find((one) => one.kind === "client-credentials");
      if (!refused || !way) return false;
      const credential = newest(refused);
      if (credential.version !== refused.version) return true;
      if (Date.now() - (credential.lastRefreshedAt?.getTime() ?? 0) < JUST_NEW_MS) return false;
      return (await refreshOnce(org.id, connector, { way, credential })).version !== refused.version;
    },
  };
}
