import { type MasterKeys, masterKeyOf } from "./master-key.ts";
import type { WrappedKey } from "./vault.ts";

export interface Rewrapping {
  /** Under another master key than this one, in the order of holders, after `after`. */
  listNotUnder(masterKeyId: string, after: string): Promise<WrappedKey[]>;
  /** `false` where another has wrapped it anew, or destroyed it, since it was read. */
  update(read: WrappedKey, anew: { masterKeyId: string; wrapped: Buffer }): Promise<boolean>;
}

/**
 * Wraps every data key with the current master key; answers how many. Each is a change of its own, and opens before and
 * after it: whoever stops in the middle begins again, and finds what is left.
 */
export async function rewrapDataKeys(masterKeys: MasterKeys, keys: Rewrapping): Promise<number> {
  const [current] = masterKeys;
  let count = 0;
  let after = "";
  for (;;) {
    const batch = await keys.listNotUnder(current.id, after);
    if (batch.length === 0) return count;
    for (const read of batch) {
      const key = await masterKeyOf(masterKeys, read.masterKeyId!).unwrap(read.wrapped!, read.holder);
      const anew = { masterKeyId: current.id, wrapped: await current.wrap(key, read.holder) };
      if (await keys.update(read, anew)) count++;
    }
    after = batch.at(-1)!.holder;
  }
}
