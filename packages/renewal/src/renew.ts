import { setTimeout as passed } from "node:timers/promises";
import { openCredential, sealCredential } from "@gatehouse/credentials/sealed-credential";
import { asFetch } from "@gatehouse/egress/as-fetch";
import type { Egress } from "@gatehouse/egress/egress";
import { RENEWAL } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import { type LinkedAccount, placeOfClientSecret } from "@gatehouse/oauth/client/linked-account";
import { type OperatorClients, operatorSecretOf } from "@gatehouse/oauth/client/operator-clients";
import type { Client } from "@gatehouse/oauth/client/register";
import { ClientRefused, GrantEnded, refresh, type Tokens } from "@gatehouse/oauth/client/tokens";
import { insertAudit } from "@gatehouse/store/audit";
import {
  type Credential,
  claimRefresh,
  findCredential,
  markCredentialBroken,
  releaseRefresh,
  updateRefreshed,
} from "@gatehouse/store/credentials";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { findUpstreamClientById, type UpstreamClient } from "@gatehouse/store/upstream-clients";
import { upstreamTokenRefreshes } from "@gatehouse/telemetry/events";
import type { Vault } from "@gatehouse/vault/vault";

/** What a linked account belongs to. */
export interface Owner {
  orgId: string;
  /** For metrics. */
  orgSlug?: string;
  connector: { id: string; slug?: string; origin: string; egressException: string | null };
}

export interface RenewDeps {
  /** For short transactions of its own: what waits for an upstream holds no connection. */
  db: Database;
  vault: Vault;
  egress: Egress;
  operatorClients?: OperatorClients | undefined;
}

/** The upstream's answer, and its way into the database, take less: nobody else sends the same refresh token meanwhile. */
const LEASE_SECONDS = 45;
/** How often those who wait look whether the one who renews has done so. */
const LOOK_EVERY_MS = 150;
const KEEP_TRIES = 5;

/**
 * Gets new tokens, whoever asks: by one replica, while all others wait for what it gets. Answers the credential as it then
 * is: renewed, broken, or replaced by its member meanwhile. Throws where the upstream could not be asked.
 */
export function openRenewal(deps: RenewDeps): (owner: Owner, credential: Credential) => Promise<Credential | null> {
  const running = new Map<string, Promise<Credential | null>>();
  return function renew(owner, credential) {
    const key = `${credential.id} ${credential.version}`;
    let pending = running.get(key);
    if (!pending) {
      pending = renewOrWait(deps, owner, credential).finally(() => running.delete(key));
      running.set(key, pending);
    }
    return pending;
  };
}

async function renewOrWait(deps: RenewDeps, owner: Owner, credential: Credential): Promise<Credential | null> {
  const givenUpAt = performance.now() + LEASE_SECONDS * 1000;
  while (performance.now() < givenUpAt) {
    const claimed = await withOrg(deps.db, owner.orgId, (org) => claimRefresh(org, credential, LEASE_SECONDS));
    if (claimed) return renewClaimed(deps, owner, credential);
    const current = await withOrg(deps.db, owner.orgId, (org) => findCredential(org, credential.id));
    if (current?.version !== credential.version || current.status !== "live") return current;
    await passed(LOOK_EVERY_MS);
  }
  throw new Fault("upstream_timeout", "The link to the upstream account could not be renewed in time");
}

async function renewClaimed(deps: RenewDeps, owner: Owner, credential: Credential): Promise<Credential | null> {
  try {
    const account = await openAccount(deps.vault, owner, credential);
    const tokens = await askForTokens(deps, owner, account);
    const kept = await keep(deps, owner, credential, { ...account, ...asKept(tokens) }, tokens);
    count(owner, "ok");
    return kept;
  } catch (error) {
    count(owner, error instanceof GrantEnded ? "ended" : "failed");
    if (error instanceof GrantEnded) return end(deps, owner, credential, error.message);
    await withOrg(deps.db, owner.orgId, (org) => releaseRefresh(org, credential)).catch(() => {});
    throw error;
  }
}

async function openAccount(
  vault: Pick<Vault, "dataKey">,
  { orgId, connector }: Owner,
  { id, version, sealed, tokenEndpoint }: Credential,
): Promise<LinkedAccount> {
  const row = { org: orgId, id, version };
  const sentTo = { upstreamOrigin: connector.origin, tokenEndpoint };
  return openCredential<LinkedAccount>(await vault.dataKey(orgId), row, sealed!, sentTo);
}

const asKept = ({ accessToken, refreshToken }: Tokens) => ({ accessToken, refreshToken });

function count({ orgSlug, connector }: Owner, outcome: string): void {
  upstreamTokenRefreshes.add(1, orgSlug, connector.slug, outcome);
}

async function askForTokens(deps: RenewDeps, owner: Owner, account: LinkedAccount): Promise<Tokens> {
  const { refreshToken, server, resource, scopeDelimiter } = account;
  if (refreshToken === null) throw new GrantEnded("The upstream gave no way to renew the link", null);
  const { client, registration } = await clientOf(deps, owner, account);
  const { origin, egressException: exception } = owner.connector;
  const limits = { ...RENEWAL, exception };
  const upstream = { fetch: asFetch(deps.egress, limits), allowHttp: new URL(origin).protocol === "http:" };
  return refresh({ server, client, refreshToken, resource, scopeDelimiter }, upstream).catch((error) => {
    // What registered itself and is forgotten stays so; what was made by hand can be given its secret anew.
    if (error instanceof ClientRefused && registration === "dynamic") throw new GrantEnded(error.message, error);
    throw error;
  });
}

/** The client's secret goes to the server that it was made for, and nowhere else. */
async function clientOf(
  { db, vault, operatorClients = {} }: RenewDeps,
  { orgId, connector }: Owner,
  account: LinkedAccount,
): Promise<{ client: Client; registration: UpstreamClient["registration"] }> {
  const key = { connectorId: connector.id, clientId: account.clientId };
  const stored = await withOrg(db, orgId, (org) => findUpstreamClientById(org, key));
  if (!stored) throw new GrantEnded("The OAuth app that the account was linked by is no longer used", null);
  if (stored.server.token_endpoint !== account.server.token_endpoint) {
    throw new GrantEnded("The upstream's token endpoint has moved", null);
  }
  const { registration, authMethod, sealed } = stored;
  const clientSecret =
    registration === "operator"
      ? operatorSecretOf(operatorClients, account.clientId, account.server)
      : sealed && (await vault.open(placeOfClientSecret(orgId, key), sealed));
  return { client: { clientId: account.clientId, clientSecret, authMethod }, registration };
}

/** Durable before it is used: from here on the upstream may know the old tokens no more. */
async function keep(
  { db, vault }: RenewDeps,
  owner: Owner,
  credential: Credential,
  account: LinkedAccount,
  { expiresAt, scopes }: Tokens,
): Promise<Credential | null> {
  const { orgId, connector } = owner;
  const version = credential.version + 1;
  const sentTo = { upstreamOrigin: connector.origin, tokenEndpoint: credential.tokenEndpoint };
  const sealed = sealCredential(
    await vault.dataKey(orgId),
    { org: orgId, id: credential.id, version },
    sentTo,
    account,
  );
  const change = { sealed, expiresAt, ...(scopes ? { scopes } : {}) };
  async function replace(org: OrgScope): Promise<boolean> {
    const replaced = await updateRefreshed(org, credential, change);
    const row = { userId: credential.userId, connectorId: connector.id, entry: { expires_at: expiresAt, scopes } };
    if (replaced) await insertAudit(org, { event: "link.renewed", outcome: "ok", ...row });
    return replaced;
  }
  const kept = await severalTimes(() => withOrg(db, orgId, replace));
  if (kept) return { ...credential, ...change, version, status: "live", lastRefreshedAt: new Date() };
  return withOrg(db, orgId, (org) => findCredential(org, credential.id));
}

/** The account would be lost with what is not kept. */
async function severalTimes<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === KEEP_TRIES) throw error;
      await passed(100 * 2 ** tries);
    }
  }
}

/** The member is told by mail: whoever sends it sees that the credential is broken. */
async function end(
  { db }: RenewDeps,
  { orgId, connector }: Owner,
  credential: Credential,
  reason: string,
): Promise<Credential | null> {
  return withOrg(db, orgId, async (org) => {
    if (await markCredentialBroken(org, credential)) {
      const { userId } = credential;
      const entry = { reason, linked_at: credential.linkedAt.toISOString() };
      await insertAudit(org, { event: "link.ended", outcome: "ended", userId, connectorId: connector.id, entry });
    }
    return findCredential(org, credential.id);
  });
}
