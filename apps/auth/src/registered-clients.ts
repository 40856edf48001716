import { hash } from "node:crypto";
import { insertAudit } from "@gatehouse/store/audit";
import { deleteGrantsOfClient, listOrgsOfClient } from "@gatehouse/store/clients";
import { type Database, withOrg } from "@gatehouse/store/database";
import {
  deleteOidcRecord,
  extendOidcRecord,
  findOidcRecord,
  type OidcRecordKey,
  updateOidcPayload,
  upsertOidcRecord,
} from "@gatehouse/store/oidc-records";
import { findOwnClient, type OwnClient } from "@gatehouse/store/own-clients";
import type { SealedFor, Vault } from "@gatehouse/vault/vault";
import type { Adapter, AdapterPayload, Provider } from "oidc-provider";
import { isOwnClientId } from "./client-identity.ts";
import type { Lifetimes } from "./lifetimes.ts";

interface ClientStorageDeps {
  db: Database;
  vault: Vault;
  lifetimes: Lifetimes;
}

/** Clients that registered themselves (RFC 7591), and those that owners have registered; others publish a document. */
export function clientStorage(deps: ClientStorageDeps): Pick<Adapter, "upsert" | "find" | "destroy"> {
  const { db, vault, lifetimes } = deps;
  return {
    async upsert(id, payload) {
      const sealed = await sealSecret(vault, id, payload);
      // A client may say something else of itself; that does not change how long it stays.
      if (await updateOidcPayload(db, keyOf(id), sealed)) return;
      const expiresAt = secondsFromNow(lifetimes.unusedClient);
      await upsertOidcRecord(db, { ...keyOf(id), payload: sealed, grantHash: null, uidHash: null, expiresAt });
    },

    async find(id) {
      if (isOwnClientId(id)) return metadataOf(await findOwnClient(db, id));
      const record = await findOidcRecord(db, keyOf(id));
      return record ? openSecret(vault, id, record.payload) : undefined;
    },

    async destroy(id) {
      await endGrants(db, id);
      await deleteOidcRecord(db, keyOf(id));
    },
  };
}

/** A client stays for a while after it was last given something, and as long as that lives. */
export async function keepClient(
  { db, lifetimes }: Pick<ClientStorageDeps, "db" | "lifetimes">,
  clientId: string,
  givenUntil: Date,
): Promise<void> {
  const idle = secondsFromNow(lifetimes.idleClient);
  await extendOidcRecord(db, keyOf(clientId), idle > givenUntil ? idle : givenUntil);
}

/** Ends all that members gave to a client that takes itself away (RFC 7592 §2.3). */
async function endGrants(db: Database, clientId: string): Promise<void> {
  for (const orgId of await listOrgsOfClient(db, clientId)) {
    await withOrg(db, orgId, async (org) => {
      for (const { id, userId } of await deleteGrantsOfClient(org, clientId)) {
        const entry = { client: clientId, grant: id, reason: "client_deleted" };
        await insertAudit(org, { event: "grant.revoked", outcome: "ok", userId, entry });
      }
    });
  }
}

/** An owner saw the secret once; what is stored is its SHA-256. */
const HASHED = "sha256:";

function metadataOf(client: OwnClient | null): AdapterPayload | undefined {
  if (!client) return undefined;
  const { id, name, redirectUris, tokenEndpointAuthMethod, secretHash } = client;
  return {
    client_id: id,
    client_name: name,
    redirect_uris: redirectUris,
    token_endpoint_auth_method: tokenEndpointAuthMethod,
    ...(secretHash ? { client_secret: HASHED + secretHash.toString("base64url") } : {}),
  };
}

/** oidc-provider compares what a client sends with what is stored, in constant time; here it may be a hash. */
export function compareHashedSecrets({ Client }: Provider): void {
  const { compareClientSecret } = Client.prototype;
  Client.prototype.compareClientSecret = function (actual) {
    const isHashed = this.clientSecret?.startsWith(HASHED);
    return compareClientSecret.call(this, isHashed ? HASHED + hash("sha256", actual, "base64url") : actual);
  };
}

async function sealSecret(vault: Vault, id: string, payload: AdapterPayload): Promise<Record<string, unknown>> {
  if (!payload.client_secret) return payload;
  const sealed = await vault.seal(placeOf(id), payload.client_secret);
  return { ...payload, client_secret: sealed.toString("base64") };
}

async function openSecret(vault: Vault, id: string, payload: Record<string, unknown>): Promise<AdapterPayload> {
  if (!payload.client_secret) return payload;
  const sealed = Buffer.from(payload.client_secret as string, "base64");
  return { ...payload, client_secret: await vault.open(placeOf(id), sealed) };
}

function placeOf(clientId: string): SealedFor {
  return { org: "deployment", row: `oidc_records/Client/${clientId}` };
}

function keyOf(clientId: string): OidcRecordKey {
  return { model: "Client", idHash: hash("sha256", clientId, "buffer") };
}

function secondsFromNow(seconds: number): Date {
  return new Date(Date.now() + seconds * 1000);
}
