import { localMasterKey } from "@gatehouse/vault/master-key";
import { type DataKeyStore, secretOfMasterKey, type VaultOptions, type WrappedKey } from "@gatehouse/vault/vault";

/** For a vault without a database. */
export function keysInMemory(kept = new Map<string, WrappedKey>()): DataKeyStore {
  return {
    find: async (holder) => kept.get(holder) ?? null,
    async insert(key) {
      if (!kept.has(key.holder)) kept.set(key.holder, key);
    },
    destroy: async (holder) => void kept.set(holder, { holder, masterKeyId: null, wrapped: null }),
  };
}

/** A vault's options, all of which follow from `word`. */
export function keysFrom(word: string): VaultOptions {
  const masterKey = Buffer.alloc(32, word);
  return { masterKeys: [localMasterKey(masterKey)], secret: secretOfMasterKey(masterKey), dataKeys: keysInMemory() };
}
