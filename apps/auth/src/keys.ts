import { isDeepStrictEqual } from "node:util";
import type { Database } from "@gatehouse/store/database";
import {
  insertFirstSigningKey,
  insertNextSigningKey,
  listKeys,
  retireSigningKeys,
  rotateSigningKeys,
  type SigningKey,
} from "@gatehouse/store/signing-keys";
import { signingKeyCreated } from "@gatehouse/telemetry/events";
import type { Logger } from "@gatehouse/telemetry/log";
import type { SealedFor, Vault } from "@gatehouse/vault/vault";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { ACCESS_TOKEN_TTL_SECONDS_MAX } from "./lifetimes.ts";

export const SIGNING_ALGORITHM = "ES256";

/** The deployment's keys, read again and again: whoever rotates them does not have to tell anybody. */
export interface KeyRing extends AsyncDisposable {
  /** With their private halves, the one to sign with first. */
  signing: JWK[];
  /** Those of the tokens that may still be valid, and the next. */
  published: JWK[];
  /** Since when the first has signed. */
  signingSince: Date | null;
  onChange(listener: () => void): void;
}

export interface KeyRingDeps {
  /** As `gatehouse_auth`. */
  db: Database;
  vault: Vault;
  log: Logger;
  /** How often the keys are read again. */
  keysIntervalMs?: number;
}

/** Replicas take over a new key one after the other, within this time and that of a read. */
const KEYS_INTERVAL_MS = 5000;
/** A private half is kept for those that have not read of its end yet. */
const RETIREMENT_GRACE_SECONDS = 600;
/** Others may remember our key set for this long. */
const PUBLISHED_AHEAD_SECONDS = 900;

/** The first start makes two keys: one to sign with, and the next. */
export async function openKeyRing({
  db,
  vault,
  log,
  keysIntervalMs = KEYS_INTERVAL_MS,
}: KeyRingDeps): Promise<KeyRing> {
  const listeners: (() => void)[] = [];
  await makeMissingKeys(db, vault);
  const ring: KeyRing = {
    ...(await readKeys(db, vault)),
    onChange: (listener) => void listeners.push(listener),
    async [Symbol.asyncDispose]() {
      observed[Symbol.dispose]();
      clearInterval(timer);
      await reading;
    },
  };

  async function readAgain(): Promise<void> {
    const read = await readKeys(db, vault);
    const isSame = isDeepStrictEqual([ring.signing, ring.published], [read.signing, read.published]);
    if (isSame) return;
    Object.assign(ring, read);
    for (const listener of listeners) listener();
  }

  let reading: Promise<void> | null = null;
  const timer = setInterval(() => {
    reading ??= readAgain()
      .catch((error) => log.warn({ err: error }, "signing keys cannot be read"))
      .finally(() => {
        reading = null;
      });
  }, keysIntervalMs);
  timer.unref();
  const observed = signingKeyCreated.observe(() => (ring.signingSince ? [[ring.signingSince.getTime() / 1000]] : []));
  return ring;
}

async function makeMissingKeys(db: Database, vault: Vault): Promise<void> {
  const keys = await listKeys(db);
  if (keys.length === 0) await insertFirstSigningKey(db, await makeSigningKey(vault));
  if (keys.filter(({ privateJwk }) => privateJwk).length < 2)
    await insertNextSigningKey(db, await makeSigningKey(vault));
}

async function readKeys(db: Database, vault: Vault): Promise<Pick<KeyRing, "signing" | "published" | "signingSince">> {
  const keys = await listKeys(db);
  const signing = keys.flatMap(({ kid, privateJwk, signsFrom }) =>
    privateJwk ? [{ kid, privateJwk, signsFrom }] : [],
  );
  return {
    signing: await Promise.all(signing.map(({ kid, privateJwk }) => openKey(vault, kid, privateJwk))),
    published: keys.map(({ publicJwk }) => publicJwk),
    signingSince: signing[0]?.signsFrom ?? null,
  };
}

async function openKey(vault: Vault, kid: string, sealed: Buffer): Promise<JWK> {
  return JSON.parse(await vault.open(placeOf(kid), sealed));
}

/**
 * The next key takes over, and another is published in its place. As `gatehouse_auth`; replicas follow by themselves.
 * Throws `conflict` while another rotation is under way.
 */
export async function rotateKeys(db: Database, vault: Vault): Promise<{ kid: string; signsFrom: Date }> {
  return rotateSigningKeys(db, await makeSigningKey(vault), { publishedAheadSeconds: PUBLISHED_AHEAD_SECONDS });
}

export function retireKeys(db: Database): Promise<void> {
  return retireSigningKeys(db, {
    graceSeconds: RETIREMENT_GRACE_SECONDS,
    tokenTtlSecondsMax: ACCESS_TOKEN_TTL_SECONDS_MAX,
  });
}

async function makeSigningKey(vault: Vault): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const named = { ...jwk, kid, alg: SIGNING_ALGORITHM, use: "sig" };
  const { d: _, ...publicJwk } = named;
  return { kid, publicJwk, privateJwk: await vault.seal(placeOf(kid), JSON.stringify(named)) };
}

function placeOf(kid: string): SealedFor {
  return { org: "deployment", row: `signing_keys/${kid}` };
}
