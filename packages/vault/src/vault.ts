import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { open, seal } from "./aead.ts";
import { type MasterKeys, masterKeyOf } from "./master-key.ts";

/** Which row a sealed value belongs to. It opens for that row alone, and for that version of it. */
export interface SealedFor {
  /** The tenant, or `deployment` for what belongs to none. */
  org: string;
  /** The table and key of the row, such as `credentials/0198…`. */
  row: string;
  version?: number;
}

/** An org's key, opened. */
export interface DataKey {
  seal(place: SealedFor, plaintext: string): Buffer;
  /** Throws `internal` where the value was changed, or sealed for another place. */
  open(place: SealedFor, sealed: Buffer): string;
}

/** For what is given away for a while and stored nowhere. */
export interface Sealer {
  /** `place` is who or what it is for. */
  seal(place: string, plaintext: string): string;
  /** `null` where it was changed, or sealed for another place. */
  open(place: string, sealed: string): string | null;
}

export interface Vault {
  /** AES-256-GCM under the org's data key, with org, row and version as additional data. */
  seal(place: SealedFor, plaintext: string): Promise<Buffer>;
  /** As `DataKey.open`. Throws `not_found` where the org's data key is destroyed. */
  open(place: SealedFor, sealed: Buffer): Promise<string>;
  /** At once where it is in memory, for those who cannot always wait. */
  dataKey(org: string): DataKey | Promise<DataKey>;
  /** Nothing that the org has sealed is ever opened again: here at once, elsewhere within a minute. */
  destroyDataKey(org: string): Promise<void>;
  /** A secret of the deployment for `purpose` alone: base64url of 32 bytes. Master keys come and go, it stays. */
  derive(purpose: string): string;
  sealer(purpose: string): Sealer;
}

/** Where data keys are kept, wrapped. */
export interface DataKeyStore {
  find(holder: string): Promise<WrappedKey | null>;
  /** Of several at once, one gets in. */
  insert(key: WrappedKey): Promise<void>;
  destroy(holder: string): Promise<void>;
}

/** Without a master key where it is destroyed. */
export interface WrappedKey {
  holder: string;
  masterKeyId: string | null;
  wrapped: Buffer | null;
}

export interface VaultOptions {
  masterKeys: MasterKeys;
  /** What `derive` follows from. */
  secret: Buffer;
  dataKeys: DataKeyStore;
}

const FORMAT = Buffer.of(2);
/** A key that is used longer than this is looked for again: it may have been destroyed. */
const LOOK_AGAIN_MS = 60_000;

interface OpenedKey {
  key: DataKey;
  seenAt: number;
}

export function openVault({ masterKeys, secret, dataKeys }: VaultOptions): Vault {
  const opened = new Map<string, OpenedKey>();
  const opening = new Map<string, Promise<DataKey>>();

  function dataKey(org: string): DataKey | Promise<DataKey> {
    const found = opened.get(org);
    if (found && performance.now() - found.seenAt < LOOK_AGAIN_MS) return found.key;
    let pending = opening.get(org);
    if (!pending) {
      pending = openKey(org).finally(() => opening.delete(org));
      opening.set(org, pending);
    }
    return pending;
  }

  async function openKey(org: string): Promise<DataKey> {
    const stored = (await dataKeys.find(org)) ?? (await makeKey(org));
    if (stored.wrapped === null) {
      opened.delete(org);
      throw new Fault("not_found", "What this organisation kept secret has been destroyed");
    }
    const key = opened.get(org)?.key ?? dataKeyOf(await unwrap(stored));
    opened.set(org, { key, seenAt: performance.now() });
    return key;
  }

  async function makeKey(holder: string): Promise<WrappedKey> {
    const [{ id, wrap }] = masterKeys;
    await dataKeys.insert({ holder, masterKeyId: id, wrapped: await wrap(randomBytes(32), holder) });
    return (await dataKeys.find(holder))!;
  }

  async function unwrap({ holder, masterKeyId, wrapped }: WrappedKey): Promise<Buffer> {
    return masterKeyOf(masterKeys, masterKeyId!).unwrap(wrapped!, holder);
  }

  return {
    dataKey,
    derive: (purpose) => deriveFrom(secret, purpose),
    async seal(place, plaintext) {
      return (await dataKey(place.org)).seal(place, plaintext);
    },
    async open(place, sealed) {
      return (await dataKey(place.org)).open(place, sealed);
    },
    async destroyDataKey(org) {
      await dataKeys.destroy(org);
      opened.delete(org);
    },
    sealer: (purpose) => sealerOf(Buffer.from(deriveFrom(secret, purpose), "base64url")),
  };
}

function dataKeyOf(key: Buffer): DataKey {
  return {
    seal: (place, plaintext) => seal(key, additionalData(place), Buffer.from(plaintext), FORMAT),
    open(place, sealed) {
      try {
        if (sealed[0] !== FORMAT[0]) throw new Error(`format ${sealed[0]}`);
        return open(key, additionalData(place), sealed.subarray(1)).toString();
      } catch (cause) {
        throw new Fault("internal", "A stored secret cannot be opened: it is not what was stored.", { cause });
      }
    },
  };
}

function additionalData({ org, row, version = 0 }: SealedFor): string {
  return `${org}\n${row}\n${version}`;
}

function sealerOf(key: Buffer): Sealer {
  return {
    seal: (place, plaintext) => seal(key, place, Buffer.from(plaintext)).toString("base64url"),
    open(place, sealed) {
      try {
        return open(key, place, Buffer.from(sealed, "base64url")).toString();
      } catch {
        return null;
      }
    },
  };
}

/** As `Vault.derive`, for those who open the database that the vault needs. */
export function deriveFrom(secret: Buffer, purpose: string): string {
  return createHmac("sha256", secret).update(`gatehouse ${purpose}`).digest("base64url");
}

/** The deployment's secret where none is given: it follows from a master key that is a process's own. */
export function secretOfMasterKey(masterKey: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", masterKey, "gatehouse", "deployment secret", 32));
}
