import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

/** So many points in so many seconds. */
export interface RateLimit {
  points: number;
  seconds: number;
}

/** 0 where the call may go on, else the milliseconds after which it may be tried again. */
export type Wait = number;

/**
 * Counts across replicas without asking Redis for every call: points are taken in lots of a fiftieth of the limit and
 * handed out here, so that a replica may leave up to one lot unused. Without Redis, an in-process count takes over.
 */
export interface Limiter {
  take(key: string, limit: RateLimit): Wait | Promise<Wait>;
}

interface Lot {
  left: number;
  /** Until when what is left may be handed out, on the clock of `performance.now()`. */
  goodUntil: number;
  /** Until when nothing more is to be had. */
  spentUntil: number;
  /** A lot under way, which those who come meanwhile wait for. */
  coming: Promise<void> | null;
}

const LOTS_PER_LIMIT = 50;
const KEYS_MAX = 100_000;

type Counter = RateLimiterMemory | RateLimiterRedis;

export function openLimiter(redis: Redis | null): Limiter {
  const counters = new Map<string, Counter>();
  const lots = new Map<string, Lot>();

  function counterFor({ points, seconds }: RateLimit): Counter {
    const name = `${points}/${seconds}`;
    let counter = counters.get(name);
    if (!counter) {
      counter = makeCounter(redis, name, points, seconds);
      counters.set(name, counter);
    }
    return counter;
  }

  function lotFor(key: string): Lot {
    let lot = lots.get(key);
    if (!lot) {
      if (lots.size >= KEYS_MAX) lots.delete(lots.keys().next().value!);
      lot = { left: 0, goodUntil: 0, spentUntil: 0, coming: null };
      lots.set(key, lot);
    }
    return lot;
  }

  async function refill(lot: Lot, key: string, limit: RateLimit): Promise<void> {
    const size = Math.max(1, Math.floor(limit.points / LOTS_PER_LIMIT));
    const { taken, windowMs } = await consume(counterFor(limit), key, size);
    const windowEnd = performance.now() + windowMs;
    lot.left = taken ? size : 0;
    if (taken) lot.goodUntil = windowEnd;
    else lot.spentUntil = windowEnd;
  }

  async function takeFromNextLot(lot: Lot, key: string, limit: RateLimit): Promise<Wait> {
    lot.coming ??= refill(lot, key, limit).finally(() => {
      lot.coming = null;
    });
    await lot.coming;
    return take(key, limit);
  }

  function take(key: string, limit: RateLimit): Wait | Promise<Wait> {
    const lot = lotFor(key);
    const now = performance.now();
    if (now < lot.spentUntil) return Math.ceil(lot.spentUntil - now);
    if (lot.left === 0 || now >= lot.goodUntil) return takeFromNextLot(lot, key, limit);
    lot.left--;
    return 0;
  }

  return { take };
}

function makeCounter(redis: Redis | null, name: string, points: number, seconds: number): Counter {
  const keyPrefix = `gatehouse:rate:${name}`;
  const inProcess = new RateLimiterMemory({ keyPrefix, points, duration: seconds });
  if (!redis) return inProcess;
  const insuranceLimiter = inProcess;
  return new RateLimiterRedis({
    storeClient: redis,
    rejectIfRedisNotReady: true,
    keyPrefix,
    points,
    duration: seconds,
    insuranceLimiter,
  });
}

/** `windowMs` is how long it is to the end of the window. */
async function consume(counter: Counter, key: string, points: number): Promise<{ taken: boolean; windowMs: number }> {
  try {
    return { taken: true, windowMs: (await counter.consume(key, points)).msBeforeNext };
  } catch (rejected) {
    if (rejected instanceof RateLimiterRes) return { taken: false, windowMs: rejected.msBeforeNext };
    throw rejected;
  }
}
