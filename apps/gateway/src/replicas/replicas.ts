import type { State } from "@gatehouse/state/state";
import type { Vault } from "@gatehouse/vault/vault";
import { Agent, type Dispatcher } from "undici";
import { offeringProof } from "./mutual-proof.ts";

/** The processes that serve the same house, and the way to them. */
export interface Replicas extends AsyncDisposable {
  /** The origin of a replica's internal listener; `null` where the replica is gone. */
  find(replicaId: string): Promise<string | null>;
  /** Calls back once the replica is gone. Answers what ends the watching. */
  watch(replicaId: string, onGone: () => void): () => void;
  connections: Dispatcher;
}

const LEASE_SECONDS = 5;
const RENEW_MS = 2000;
/** A replica that was there so shortly ago is there. */
const SEEN_MS = 1000;

/** Says in `state` where this replica is, for as long as it lives. */
export async function openReplicas({
  state,
  vault,
  replicaId,
  origin,
}: {
  state: State;
  vault: Vault;
  replicaId: string;
  origin: string;
}): Promise<Replicas> {
  const connections = new Agent({ connect: offeringProof(vault), headersTimeout: 0, bodyTimeout: 0 });
  const renew = () => state.set(keyOf(replicaId), origin, LEASE_SECONDS);
  const seen = new Map<string, { origin: string; at: number }>();
  const find = (id: string) => state.get(keyOf(id));

  async function findAgain(id: string): Promise<string | null> {
    const known = seen.get(id);
    if (known && performance.now() - known.at < SEEN_MS) return known.origin;
    const at = performance.now();
    const origin = await find(id);
    if (origin === null) seen.delete(id);
    else seen.set(id, { origin, at });
    return origin;
  }

  await renew();
  const renewal = setInterval(() => renew().catch(() => {}), RENEW_MS);
  renewal.unref();

  return {
    find: findAgain,
    connections,
    watch(id, onGone) {
      const look = setInterval(async () => {
        if ((await find(id).catch(() => "unknown")) === null) onGone();
      }, RENEW_MS);
      look.unref();
      return () => clearInterval(look);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      await state.delete(keyOf(replicaId)).catch(() => {});
      await connections.destroy();
    },
  };
}

const keyOf = (replicaId: string) => `replica:${replicaId}`;
