import { setTimeout as after } from "node:timers/promises";
import { newAuditId } from "@gatehouse/store/audit";
import type { AuditWriter } from "@gatehouse/store/audit-writer";
import type { Exchange } from "../exchange.ts";
import type { Limit } from "./amounts.ts";

/** What is over a limit: in the audit log as one row a minute for each cause, and not a row each. */
export interface Refusals extends AsyncDisposable {
  /** Settles when the refusal may leave: at once, but for an org that floods. */
  note(exchange: Exchange, limit: Limit): void | Promise<void>;
}

interface Counted {
  limit: Limit;
  /** The first of them. */
  exchange: Pick<Exchange, "org" | "token" | "connector" | "tool" | "clientAddress" | "operation">;
  count: number;
  from: Date;
}

const WRITE_EVERY_MS = 60_000;
/** What is refused beyond so many a second of one org leaves later: a flood is no faster than its connections are many. */
const AT_ONCE_MAX = 50;
const HELD_MS = 500;
/** More causes than these are written at once. */
const CAUSES_MAX = 10_000;

export function openRefusals({ audit }: { audit: AuditWriter }): Refusals {
  const counted = new Map<string, Counted>();
  const inSecond = new Map<string, number>();

  function write(): void {
    const until = new Date();
    for (const one of counted.values()) audit.enqueue(rowOf(one, until));
    counted.clear();
  }

  function isFlooding(orgId: string): boolean {
    const count = (inSecond.get(orgId) ?? 0) + 1;
    inSecond.set(orgId, count);
    return count > AT_ONCE_MAX;
  }

  const timer = setInterval(write, WRITE_EVERY_MS);
  const seconds = setInterval(() => inSecond.clear(), 1000);
  timer.unref();
  seconds.unref();

  return {
    note({ org, token, connector, tool, clientAddress, operation }, limit) {
      const key = [org.id, limit.subject, limit.amount, token.subject, token.clientId, connector.id, tool?.name].join(
        " ",
      );
      const known = counted.get(key);
      if (known) known.count++;
      else
        counted.set(key, {
          limit,
          exchange: { org, token, connector, tool, clientAddress, operation },
          count: 1,
          from: new Date(),
        });
      if (counted.size >= CAUSES_MAX) write();
      if (isFlooding(org.id)) return after(HELD_MS, undefined, { ref: false });
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      clearInterval(seconds);
      write();
    },
  };
}

function rowOf({ limit, exchange, count, from }: Counted, until: Date) {
  const { org, token, connector, tool, clientAddress, operation } = exchange;
  const { subject, amount, max } = limit;
  return {
    ...{ id: newAuditId(), orgId: org.id, at: until, event: "limit.refused" as const, outcome: "rate_limited" },
    ...{ userId: token.subject, connectorId: connector.id },
    entry: {
      ...{ limit: amount, whose: subject, max, count, from: from.toISOString() },
      tool: tool?.name,
      client: token.staticToken ? undefined : token.clientId,
      token: token.staticToken ? token.grantId : undefined,
      ...{ address: clientAddress, trace_id: operation?.traceId },
    },
  };
}
