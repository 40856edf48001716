import { openRecipient } from "@gatehouse/dashboard/audit/delivery/recipient";
import { sendBatch } from "@gatehouse/dashboard/audit/delivery/send";
import type { Egress } from "@gatehouse/egress/egress";
import { DELIVERY } from "@gatehouse/egress/limits";
import { toFault } from "@gatehouse/faults";
import {
  beginDelivery,
  type DeliveredRow,
  type DueDelivery,
  listToDeliver,
  postponeDelivery,
  releaseDelivery,
  saveDelivered,
  takeDueDeliveries,
} from "@gatehouse/store/audit-deliveries";
import type { Database } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";

export interface DelivererDeps {
  /** As `gatehouse_chain`. */
  db: Database;
  vault: Vault;
  egress: Egress;
  log: Logger;
}

export interface Deliverer extends AsyncDisposable {
  /** Sends what is due, and does not wait for it. */
  deliverDue(): Promise<void>;
}

const AT_ONCE_MAX = 16;
const BATCH = { countMax: 500, bytesMax: 1024 * 1024 };
/** Who dies over a batch leaves it to the others then. */
const LEASE_SECONDS = (2 * DELIVERY.timeoutMs) / 1000;
const RETRY_SECONDS_MAX = 3600;
/** Whoever takes each batch slowly, and has always more to come, keeps nobody else from being sent theirs. */
const TURN_MS = 2 * DELIVERY.timeoutMs;

/** Sends chained rows to where orgs want them: in their order, each at least once, from where it was left. */
export function openDeliverer(deps: DelivererDeps): Deliverer {
  const { db, log } = deps;
  const underWay = new Map<string, Promise<void>>();
  const ending = new AbortController();

  async function deliver(due: DueDelivery): Promise<void> {
    try {
      await deliverTurn({ ...deps, signal: ending.signal }, due, TURN_MS);
      await releaseDelivery(db, due.id);
    } catch (error) {
      await (ending.signal.aborted ? releaseDelivery(db, due.id) : putOff(deps, due.id, error));
    }
  }

  return {
    async deliverDue() {
      const countMax = AT_ONCE_MAX - underWay.size;
      const due = countMax > 0 ? await takeDueDeliveries(db, { countMax, leaseSeconds: LEASE_SECONDS }) : [];
      for (const delivery of due) {
        const sending = deliver(delivery)
          .catch((err) => log.error({ err, delivery: delivery.id }, "audit delivery not recorded"))
          .finally(() => underWay.delete(delivery.id));
        underWay.set(delivery.id, sending);
      }
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.all(underWay.values());
    },
  };
}

type Sending = Omit<DelivererDeps, "log"> & { signal: AbortSignal };

/** Batch after batch, until there is no more, or others have waited for so long. */
export async function deliverTurn(
  { db, vault, egress, signal }: Sending,
  due: DueDelivery,
  turnMs: number,
): Promise<void> {
  const { id, org, sealed } = due;
  const recipient = await openRecipient(vault, { orgId: org.id, deliveryId: id }, sealed);
  const endsAt = performance.now() + turnMs;
  for (let after = due.deliveredSeq, interrupted = due.sendingSeq; !signal.aborted; interrupted = null) {
    const rows = await listToDeliver(db, { orgId: org.id, after, last: interrupted, ...BATCH });
    const last = rows.at(-1)?.seq ?? interrupted;
    if (last === null) return;
    await beginDelivery(db, id, { last, leaseSeconds: LEASE_SECONDS });
    const note = rows.length > 0 ? await sendBatch({ egress, signal }, recipient, batchOf(due, rows, last)) : null;
    if (!(await saveDelivered(db, id, { after, last, note })) || performance.now() > endsAt) return;
    after = last;
  }
}

/** Named by its end: sent again, it has the same name. */
function batchOf({ id, org }: DueDelivery, rows: DeliveredRow[], last: number) {
  return { id: `${id}_${last}`, org: org.slug, rows };
}

/** A second later, two, four …: an hour at most, for as long as nobody takes it away. Nothing is left out. */
async function putOff({ db, log }: DelivererDeps, id: string, error: unknown): Promise<void> {
  const { message, code, headers } = toFault(error);
  log.warn({ err: error, delivery: id, code }, "audit rows not delivered");
  const secondsMin = Number(headers["retry-after"]) || 0;
  await postponeDelivery(db, id, { error: message, secondsMin, secondsMax: RETRY_SECONDS_MAX });
}
