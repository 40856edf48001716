import type { Head, HeadSigner } from "@gatehouse/audit/head";
import { insertHead, listChainsToSign } from "@gatehouse/store/audit-chain";
import type { Database } from "@gatehouse/store/database";

/** Where heads are written besides the database, out of reach of who can change that. */
export type PublishHeads = (heads: Head[]) => Promise<void>;

/** One head for each chain that has grown. Published first: what is in the database alone would not be published again. */
export async function signHeads(db: Database, signer: HeadSigner, publish: PublishHeads): Promise<void> {
  const at = new Date().toISOString();
  const chains = await listChainsToSign(db);
  const heads = chains.map(({ org, seq, hash }) => signer.sign({ kind: "head", org, seq, hash, at }));
  if (heads.length === 0) return;
  await publish(heads);
  for (const head of heads) await insertHead(db, head);
}
