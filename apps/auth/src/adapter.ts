import { hash } from "node:crypto";
import type { Database } from "@gatehouse/store/database";
import {
  consumeOidcRecord,
  deleteOidcRecord,
  deleteOidcRecordsOfGrant,
  extendOidcRecord,
  type FoundOidcRecord,
  findOidcRecord,
  findOidcRecordByUid,
  type OidcRecordKey,
  upsertOidcRecord,
} from "@gatehouse/store/oidc-records";
import type { SealedFor, Vault } from "@gatehouse/vault/vault";
import { type Adapter, type AdapterPayload, errors } from "oidc-provider";
import { revokeGrant } from "./grants.ts";
import type { Lifetimes } from "./lifetimes.ts";

export interface AdapterDeps {
  db: Database;
  vault: Vault;
  publicUrl: URL;
  lifetimes: Lifetimes;
}

/** What oidc-provider stores, in Postgres: a stolen copy of the table opens nothing. */
export function openAdapter(deps: AdapterDeps): (model: string) => Adapter {
  const { db, vault, lifetimes } = deps;

  return (model) => {
    const keyOf = (id: string): OidcRecordKey => ({ model, idHash: sha256(id) });
    const graceSeconds = model === "RefreshToken" ? lifetimes.refreshTokenGrace : 0;

    return {
      async upsert(id, payload, expiresIn) {
        const expiresAt = expiryOf(model === "Client" ? lifetimes.unusedClient : expiresIn);
        await upsertOidcRecord(db, {
          ...keyOf(id),
          payload: await withoutSecrets(vault, model, id, payload),
          grantHash: payload.grantId && model !== "Interaction" ? sha256(payload.grantId) : null,
          uidHash: payload.uid ? sha256(payload.uid) : null,
          expiresAt,
        });
        // A registered client stays as long as somebody's consent to it does.
        if (model === "Grant" && payload.clientId && expiresAt) {
          await extendOidcRecord(db, { model: "Client", idHash: sha256(payload.clientId) }, expiresAt);
        }
      },

      async find(id) {
        const record = await findOidcRecord(db, keyOf(id));
        return record ? withSecrets(vault, model, id, { ...record, graceSeconds }) : undefined;
      },

      async findByUid(uid) {
        return (await findOidcRecordByUid(db, { model, uidHash: sha256(uid) }))?.payload;
      },

      async findByUserCode() {},

      /** Whoever comes too late holds something that was stolen, or stolen from: the grant ends with it. */
      async consume(id) {
        if (await consumeOidcRecord(db, keyOf(id), graceSeconds)) return;
        const record = await findOidcRecord(db, keyOf(id));
        if (record) await revokeGrant(deps, record.payload.grantId as string);
        throw new errors.InvalidGrant("already used");
      },

      async destroy(id) {
        if (model === "Grant") await revokeGrant(deps, id);
        else await deleteOidcRecord(db, keyOf(id));
      },

      async revokeByGrantId(grantId) {
        await deleteOidcRecordsOfGrant(db, sha256(grantId));
      },
    };
  };
}

/** The payload without its own id in it, and with a client's secret sealed. */
async function withoutSecrets(
  vault: Vault,
  model: string,
  id: string,
  { jti: _, ...payload }: AdapterPayload,
): Promise<Record<string, unknown>> {
  if (model === "Interaction") {
    const session = payload.session && { ...payload.session, cookie: undefined };
    return { ...payload, session, returnTo: payload.returnTo!.slice(0, -id.length) };
  }
  if (!payload.client_secret) return payload;
  const sealed = await vault.seal(placeOf(id), payload.client_secret);
  return { ...payload, client_secret: sealed.toString("base64") };
}

async function withSecrets(
  vault: Vault,
  model: string,
  id: string,
  { payload, consumedAt, graceSeconds }: FoundOidcRecord & { graceSeconds: number },
): Promise<AdapterPayload> {
  const restored: AdapterPayload = { ...payload };
  if (model !== "Client") restored.jti = id;
  if (model === "Interaction") restored.returnTo += id;
  if (restored.client_secret) {
    restored.client_secret = await vault.open(placeOf(id), Buffer.from(restored.client_secret, "base64"));
  }
  if (consumedAt && consumedAt.getTime() + graceSeconds * 1000 <= Date.now()) restored.consumed = true;
  return restored;
}

function placeOf(clientId: string): SealedFor {
  return { org: "deployment", row: `oidc_records/Client/${clientId}` };
}

function expiryOf(seconds: number | undefined): Date | null {
  return seconds === undefined ? null : new Date(Date.now() + seconds * 1000);
}

function sha256(id: string): Buffer {
  return hash("sha256", id, "buffer");
}
