import { expect, test } from "vitest";
import { openLimiter } from "../src/limiter.ts";

async function takeMany(limiter: ReturnType<typeof openLimiter>, calls: number, points: number, seconds = 60) {
  const waits = await Promise.all(Array.from({ length: calls }, () => limiter.take("member", { points, seconds })));
  return waits.filter((wait) => wait === 0).length;
}

test("as many calls pass as the limit says, whether it is handed out one by one or in lots", async () => {
  expect(await takeMany(openLimiter(null), 30, 10)).toBe(10);
  expect(await takeMany(openLimiter(null), 1000, 500)).toBe(500);
});

test("whoever is over the limit is told how long to wait, and passes after that", async () => {
  const limiter = openLimiter(null);
  expect(await limiter.take("a", { points: 1, seconds: 1 })).toBe(0);
  const wait = await limiter.take("a", { points: 1, seconds: 1 });
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(1000);
  expect(await limiter.take("b", { points: 1, seconds: 1 })).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, wait + 5));
  expect(await limiter.take("a", { points: 1, seconds: 1 })).toBe(0);
});
