import { setTimeout as after } from "node:timers/promises";
import { expect, test } from "vitest";
import { openState } from "../src/state.ts";
import { startStallingRedis } from "./stalling-redis.ts";

test("a Redis that takes four seconds to answer is waited for", async () => {
  await using slow = await startStallingRedis();
  slow.stall();
  after(4000).then(slow.goOn);
  await using state = await openState({ redisUrl: slow.url });
  await state.set("slow", "but there", 60);
  expect(await state.get("slow")).toBe("but there");
});
