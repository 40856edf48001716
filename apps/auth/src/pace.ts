import { setTimeout as wait } from "node:timers/promises";
import { Fault } from "@gatehouse/faults";

export interface PaceOptions {
  perSecond: number;
  /** So many are let through at once after a quiet while. */
  burst: number;
  /** Who would have to wait longer is refused instead. */
  waitMsMax: number;
}

/** Resolves when it is `key`'s turn. Throws `rate_limited` where that is too far off. */
export type Pace = (key: string) => Promise<void>;

const KEYS_MAX = 10_000;

/** Slows down before it refuses, and forgets as fast as it fills: nobody who shares an address is locked out with others. */
export function openPace({ perSecond, burst, waitMsMax }: PaceOptions): Pace {
  const intervalMs = 1000 / perSecond;
  // By key: when all that was let through will have been paid for, in the clock of `performance`.
  const paidAt = new Map<string, number>();

  function forgetPaid(now: number): void {
    for (const [key, at] of paidAt) if (at <= now) paidAt.delete(key);
  }

  return async function pace(key) {
    const now = performance.now();
    if (paidAt.size >= KEYS_MAX) forgetPaid(now);
    const paid = Math.max(paidAt.get(key) ?? 0, now) + intervalMs;
    const waitMs = paid - now - burst * intervalMs;
    if (waitMs > waitMsMax) throw tooMany(waitMs);
    paidAt.set(key, paid);
    if (waitMs > 0) await wait(waitMs);
  };
}

function tooMany(waitMs: number): Fault {
  const seconds = Math.ceil(waitMs / 1000);
  return new Fault("rate_limited", `Too many requests at once. Please try again in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
  });
}
