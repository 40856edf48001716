import type { FaultCode } from "@gatehouse/faults";
import { NO_ORG, newAuditId } from "@gatehouse/store/audit";
import type { AuditWriter } from "@gatehouse/store/audit-writer";

/** Whoever is refused before we know who it is: in the audit log as one row a minute for each cause, and not a row each. */
export interface StrangerCounts extends AsyncDisposable {
  note(cause: FaultCode): void;
}

const WRITE_EVERY_MS = 60_000;

export function openStrangerCounts({ audit }: { audit: AuditWriter }): StrangerCounts {
  const counts = new Map<FaultCode, number>();
  let since = new Date();

  function write(): void {
    const at = new Date();
    for (const [outcome, count] of counts) {
      const event = "strangers.refused" as const;
      const row = { id: newAuditId(), orgId: NO_ORG, at, event, userId: null, connectorId: null };
      audit.enqueue({ ...row, outcome, entry: { count, from: since.toISOString() } });
    }
    counts.clear();
    since = at;
  }

  const timer = setInterval(write, WRITE_EVERY_MS).unref();
  return {
    note: (cause) => void counts.set(cause, (counts.get(cause) ?? 0) + 1),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      write();
    },
  };
}
