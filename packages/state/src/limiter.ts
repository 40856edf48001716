import type { Redis } from "ioredis";
import { Kept } from "./kept.ts";
import { Meter } from "./meter.ts";
import { openShares } from "./shares.ts";
import { Slots } from "./slots.ts";
import { daily, monthly, sliding, type Window } from "./window.ts";

/** Counts across replicas without asking Redis for every call. Where there is no Redis, this process is the only one. */
export interface Limiter {
  /** At most `max` in any stretch of so many seconds. */
  rate(key: string, max: number, seconds: number): Meter;
  /** At most `max` in each day or month of the calendar, UTC. `usedBefore` answers what is known of the present one. */
  quota(key: string, max: number, period: Period, usedBefore: () => Promise<number>): Meter;
  /** At most `max` at the same time. */
  slots(key: string, max: number): Slots;
  close(): void;
}

export type Period = "day" | "month";

const RENEW_MS = 1000;
const SWEEP_MS = 60_000;
const PREFIX = "gatehouse:limits:";

/** `now` is milliseconds since 1970, UTC. */
export function openLimiter(redis: Redis | null, now: () => number = Date.now): Limiter {
  const shares = redis && openShares(redis);
  const meters = new Kept<Meter>();
  const slots = new Kept<Slots>();
  const periods: Record<Period, Window> = { day: daily(), month: monthly() };

  function meter(name: string, max: number, window: Window, usedBefore: (() => Promise<number>) | null): Meter {
    const key = PREFIX + name;
    return resized(
      meters.get(key, () => new Meter({ key, max, window, shares, now, usedBefore })),
      max,
    );
  }

  const renewal = setInterval(() => {
    for (const one of slots.busy()) one.renew().catch(() => {});
  }, RENEW_MS);
  const sweep = setInterval(() => [...meters.busy()], SWEEP_MS);
  renewal.unref();
  sweep.unref();

  return {
    rate: (name, max, seconds) => meter(`${name}:${seconds}s`, max, sliding(seconds), null),
    quota: (name, max, period, usedBefore) => meter(`${name}:${period}`, max, periods[period], usedBefore),
    slots(name, max) {
      const key = `${PREFIX}${name}:slots`;
      return resized(
        slots.get(key, () => new Slots({ key, max, shares })),
        max,
      );
    },
    close() {
      clearInterval(renewal);
      clearInterval(sweep);
      shares?.close();
    },
  };
}

/** Whoever has it already has the new limit too. */
function resized<T extends { max: number }>(one: T, max: number): T {
  one.max = max;
  return one;
}
