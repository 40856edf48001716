import type { Database } from "@gatehouse/store/database";
import { insertFirstSigningKey, listSigningKeys } from "@gatehouse/store/signing-keys";
import type { SealedFor, Vault } from "@gatehouse/vault/vault";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";

export const SIGNING_ALGORITHM = "ES256";

/** The deployment's private keys, the one to sign with first. The first start makes one. */
export async function loadSigningKeys(db: Database, vault: Vault): Promise<JWK[]> {
  let stored = await listSigningKeys(db);
  if (stored.length === 0) {
    await insertFirstSigningKey(db, await makeSigningKey(vault));
    stored = await listSigningKeys(db);
  }
  return stored.map(({ kid, privateJwk }) => JSON.parse(vault.open(placeOf(kid), privateJwk)) as JWK);
}

async function makeSigningKey(vault: Vault) {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const named = { ...jwk, kid, alg: SIGNING_ALGORITHM, use: "sig" };
  const { d: _, ...publicJwk } = named;
  return { kid, publicJwk, privateJwk: vault.seal(placeOf(kid), JSON.stringify(named)) };
}

function placeOf(kid: string): SealedFor {
  return { org: "deployment", row: `signing_keys/${kid}` };
}
