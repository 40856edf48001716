import { randomUUID } from "node:crypto";
import { setTimeout as after } from "node:timers/promises";
import { listMetrics } from "@gatehouse/telemetry/metrics";
import { Redis } from "ioredis";
import { expect, inject, test } from "vitest";
import { type Limiter, openLimiter } from "../src/limiter.ts";
import { lotOf } from "../src/meter.ts";
import { startStallingRedis } from "./stalling-redis.ts";

async function passing(take: () => number | Promise<number>, calls: number): Promise<number> {
  const waits = await Promise.all(Array.from({ length: calls }, take));
  return waits.filter((wait) => wait === 0).length;
}

/** A clock that stands still until it is moved. */
function clockAt(iso: string) {
  let ms = Date.parse(iso);
  const add = (more: number) => {
    ms += more;
  };
  return { now: () => ms, add };
}

interface Two extends AsyncDisposable {
  one: Limiter;
  other: Limiter;
}

async function openTwo({ now, otherUrl }: { now?: () => number; otherUrl?: string } = {}): Promise<Two> {
  const { redisUrl } = inject("services");
  const connections = [redisUrl, otherUrl ?? redisUrl].map((url) => new Redis(url));
  await Promise.all(connections.map((redis) => redis.ping()));
  const [one, other] = connections.map((redis) => openLimiter(redis, now)) as [Limiter, Limiter];
  return {
    ...{ one, other },
    async [Symbol.asyncDispose]() {
      one.close();
      other.close();
      for (const redis of connections) redis.disconnect();
    },
  };
}

const key = () => randomUUID();
const nothing = async () => 0;

/** Lots that Redis did not give in time, as Prometheus is told. */
function onInsurance(): number {
  const metric = Iterator.from(listMetrics()).find(({ name }) => name === "gatehouse.limits.lots")!;
  return Number([...metric.points()].find(({ labels }) => labels.source === "insurance")?.value ?? 0);
}

test("as many calls pass as the limit says, whether it is handed out one by one or in lots", async () => {
  const limiter = openLimiter(null);
  const [small, large] = [limiter.rate("small", 10, 60), limiter.rate("large", 500, 60)];
  expect(await passing(() => small.take(), 30)).toBe(10);
  expect(await passing(() => large.take(), 1000)).toBe(500);
});

test("whoever is over the limit is told how long to wait, and passes after that", async () => {
  const clock = clockAt("2026-11-21T10:00:00Z");
  const limiter = openLimiter(null, clock.now);
  const meter = limiter.rate("a", 1, 60);
  expect(await meter.take()).toBe(0);
  const wait = await meter.take();
  expect(wait).toBeGreaterThan(59_000);
  clock.add(wait - 1);
  expect(await meter.take()).toBeGreaterThan(0);
  clock.add(1);
  expect(await meter.take()).toBe(0);
});

test("in no stretch of the window's length do more pass than the limit, at its edges neither", async () => {
  const clock = clockAt("2026-11-21T10:00:00Z");
  const meter = openLimiter(null, clock.now).rate("a", 100, 10);
  const passed: number[] = [];
  for (let ms = 0; ms < 60_000; ms += 37) {
    clock.add(37);
    if ((await meter.take()) === 0) passed.push(clock.now());
  }
  expect(most(passed, 10_000)).toBe(100);
  expect(passed.length).toBeGreaterThanOrEqual(0.95 * 6 * 100);
});

test("two replicas let no more through together than the limit, and nearly as much", async () => {
  await using limiters = await openTwo();
  const name = key();
  const meters = [limiters.one.rate(name, 400, 2), limiters.other.rate(name, 400, 2)];
  const passed: number[] = [];
  const end = performance.now() + 6000;
  async function callOn(meter: (typeof meters)[number]): Promise<void> {
    while (performance.now() < end) {
      if ((await meter.take()) === 0) passed.push(performance.now());
      else await after(1);
    }
  }
  await Promise.all(meters.flatMap((meter) => [callOn(meter), callOn(meter), callOn(meter)]));
  expect(most(passed, 2000)).toBeLessThanOrEqual(400);
  expect(passed.length).toBeGreaterThanOrEqual(0.95 * 3 * 400);
});

test("a replica that Redis is slow to answer leaves the last of a limit to the others, and has its part again afterwards", async () => {
  await using slow = await startStallingRedis();
  await using limiters = await openTwo({ otherUrl: slow.url });
  const name = key();
  const [one, other] = [limiters.one.rate(name, 400, 60), limiters.other.rate(name, 400, 60)];
  expect((await passing(() => one.take(), 180)) + (await passing(() => other.take(), 180))).toBe(360);
  const before = onInsurance();
  slow.stall();
  expect(await passing(() => other.take(), 100)).toBeLessThanOrEqual(lotOf(400));
  expect(onInsurance()).toBeGreaterThan(before);
  expect(await passing(() => one.take(), 20)).toBe(20);
  slow.goOn();
  await expect.poll(() => other.take(), { timeout: 5000 }).toBe(0);
});

test("what one replica leaves, the other has", async () => {
  await using limiters = await openTwo();
  const name = key();
  expect(await limiters.one.rate(name, 1000, 60).take()).toBe(0);
  expect(await passing(() => limiters.other.rate(name, 1000, 60).take(), 2000)).toBeGreaterThanOrEqual(950);
});

test("a quota by day begins anew at midnight, and what was left of the day before is gone", async () => {
  for (const redis of [false, true]) {
    const clock = clockAt("2026-11-30T23:59:59.000Z");
    await using limiters = await openTwo(clock);
    const limiter = redis ? limiters.one : openLimiter(null, clock.now);
    const [day, month] = [limiter.quota(key(), 5, "day", nothing), limiter.quota(key(), 8, "month", nothing)];
    expect(await passing(() => day.take(), 3)).toBe(3);
    expect(await passing(() => month.take(), 20)).toBe(8);
    clock.add(1000);
    expect(await passing(() => day.take(), 20)).toBe(5);
    expect(await day.take()).toBe(24 * 3_600_000);
    expect(await month.take()).toBe(0);
  }
});

test("what was used before a restart counts on, told from where it is kept", async () => {
  await using limiters = await openTwo();
  const name = key();
  for (const limiter of [openLimiter(null), limiters.one]) {
    const quota = limiter.quota(name, 100, "day", async () => 93);
    expect(await passing(() => quota.take(), 20)).toBe(7);
  }
  expect(await passing(() => limiters.other.quota(name, 100, "day", async () => 93).take(), 20)).toBe(0);
});

test("a limit that is changed goes on with its count, for whoever has it", async () => {
  const limiter = openLimiter(null);
  const meter = limiter.rate("a", 10, 60);
  expect(await passing(() => meter.take(), 8)).toBe(8);
  limiter.rate("a", 5, 60);
  expect(await meter.take()).toBeGreaterThan(0);
  limiter.rate("a", 20, 60);
  expect(await passing(() => meter.take(), 30)).toBe(12);
});

test("what is known only after the fact counts all the same", async () => {
  const bytes = openLimiter(null).quota("a", 1000, "day", nothing);
  expect(await bytes.look()).toBe(0);
  bytes.charge(1500);
  expect(await bytes.look()).toBeGreaterThan(0);
});

test("so many at the same time, at two replicas together, and as many again when they have ended", async () => {
  await using limiters = await openTwo();
  const name = key();
  const [one, other] = [limiters.one.slots(name, 10), limiters.other.slots(name, 10)];
  expect(await passing(() => one.take(), 6)).toBe(6);
  expect(await passing(() => other.take(), 10)).toBeLessThanOrEqual(4);
  for (let ended = 0; ended < 6; ended++) one.giveBack();
  await one.renew();
  expect(await passing(() => other.take(), 6)).toBe(6);
});

/** The most that lie within any stretch of so many milliseconds. */
function most(times: number[], ms: number): number {
  let first = 0;
  return times.reduce((highest, at, index) => {
    while (times[first]! <= at - ms) first++;
    return Math.max(highest, index - first + 1);
  }, 0);
}
