import { hash } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { open, seal } from "./aead.ts";

/** What data keys are wrapped with. Where it is kept elsewhere, its bytes are never here. */
export interface MasterKey {
  /** Stored beside everything that it has wrapped. */
  readonly id: string;
  /** `context` is authenticated: what is wrapped for one holder is not unwrapped for another. */
  wrap(key: Buffer, context: string): Promise<Buffer>;
  unwrap(wrapped: Buffer, context: string): Promise<Buffer>;
}

/** New keys are wrapped with the first; both unwrap. */
export type MasterKeys = readonly [current: MasterKey, other?: MasterKey];

/** 32 bytes of base64 or base64url, as `GATEHOUSE_MASTER_KEY` holds them; `null` where it is something else. */
export function parseMasterKey(text: string): Buffer | null {
  const key = Buffer.from(text.trim(), "base64");
  return key.length === 32 ? key : null;
}

/** A master key that this process has. */
export function localMasterKey(key: Buffer): MasterKey {
  return {
    id: `local:${hash("sha256", Buffer.concat([Buffer.from("gatehouse master key "), key])).slice(0, 16)}`,
    wrap: async (dataKey, context) => seal(key, context, dataKey),
    unwrap: async (wrapped, context) => open(key, context, wrapped),
  };
}

export function masterKeyOf(masterKeys: MasterKeys, id: string): MasterKey {
  const found = masterKeys.find((key) => key?.id === id);
  if (found) return found;
  throw new Fault(
    "internal",
    `A stored secret cannot be opened: it is under the master key ${id}, which is not the one of GATEHOUSE_MASTER_KEY.`,
  );
}
