import { hash } from "node:crypto";
import type { Database } from "@gatehouse/store/database";
import {
  consumeOidcRecord,
  deleteOidcRecord,
  deleteOidcRecordsOfGrant,
  type FoundOidcRecord,
  findOidcRecord,
  findOidcRecordByUid,
  type OidcRecordKey,
  upsertOidcRecord,
} from "@gatehouse/store/oidc-records";
import type { Vault } from "@gatehouse/vault/vault";
import { type Adapter, type AdapterPayload, errors } from "oidc-provider";
import { revokeGrant } from "./grants.ts";
import type { Lifetimes } from "./lifetimes.ts";
import { clientStorage, keepClient } from "./registered-clients.ts";

export interface AdapterDeps {
  db: Database;
  vault: Vault;
  publicUrl: URL;
  lifetimes: Lifetimes;
}

/** What oidc-provider stores, in Postgres: a stolen copy of the table opens nothing. */
export function openAdapter(deps: AdapterDeps): (model: string) => Adapter {
  const { db, lifetimes } = deps;

  return (model) => {
    const keyOf = (id: string): OidcRecordKey => ({ model, idHash: sha256(id) });
    const graceSeconds = model === "RefreshToken" ? lifetimes.refreshTokenGrace : 0;

    const storage: Adapter = {
      async upsert(id, payload, expiresIn) {
        const expiresAt = expiryOf(expiresIn);
        await upsertOidcRecord(db, {
          ...keyOf(id),
          payload: withoutOwnId(model, id, payload),
          grantHash: payload.grantId && model !== "Interaction" ? sha256(payload.grantId) : null,
          uidHash: secondNameOf(model, payload),
          expiresAt,
        });
        if (GIVEN_TO_CLIENTS.has(model) && expiresAt) await keepClient(deps, payload.clientId!, expiresAt);
      },

      async find(id) {
        const record = await findOidcRecord(db, keyOf(id));
        return record ? withOwnId(model, id, { ...record, graceSeconds }) : undefined;
      },

      async findByUid(uid) {
        return (await findOidcRecordByUid(db, { model, uidHash: sha256(uid) }))?.payload;
      },

      async findByUserCode() {},

      /** Whoever comes too late holds something that was stolen, or stolen from: the grant ends with it. */
      async consume(id) {
        // A code is used up by its answer (`recordTokens`): an attempt that fails on our side can be made again.
        if (model === "AuthorizationCode") return;
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
    return model === "Client" ? { ...storage, ...clientStorage(deps) } : storage;
  };
}

/** What keeps a client that registered itself from being collected. */
const GIVEN_TO_CLIENTS = new Set(["Grant", "RefreshToken"]);

/** Sessions and interactions are found by their `uid`, and a client's management token goes with its client. */
function secondNameOf(model: string, { uid, clientId }: AdapterPayload): Buffer | null {
  const name = model === "RegistrationAccessToken" ? clientId : uid;
  return name ? sha256(name) : null;
}

function withoutOwnId(model: string, id: string, { jti: _, ...payload }: AdapterPayload): Record<string, unknown> {
  if (model !== "Interaction") return payload;
  const session = payload.session && { ...payload.session, cookie: undefined };
  return { ...payload, session, returnTo: payload.returnTo!.slice(0, -id.length) };
}

function withOwnId(
  model: string,
  id: string,
  { payload, consumedAt, graceSeconds }: FoundOidcRecord & { graceSeconds: number },
): AdapterPayload {
  const restored: AdapterPayload = { ...payload, jti: id };
  if (model === "Interaction") restored.returnTo += id;
  if (consumedAt && consumedAt.getTime() + graceSeconds * 1000 <= Date.now()) restored.consumed = true;
  return restored;
}

function expiryOf(seconds: number | undefined): Date | null {
  return seconds === undefined ? null : new Date(Date.now() + seconds * 1000);
}

function sha256(id: string): Buffer {
  return hash("sha256", id, "buffer");
}
