import { expect, test } from "vitest";
import { openGuard } from "../src/guard.ts";

function guarded(options: Partial<Parameters<typeof openGuard>[0]> = {}) {
  const clock = { ms: 0 };
  const changes: boolean[] = [];
  const refusals: string[] = [];
  const guard = openGuard({
    ...{ name: "Tools", now: () => clock.ms, onChange: ({ isUp }) => changes.push(isUp) },
    onRefusal: (reason) => refusals.push(reason),
    ...options,
  });
  const fail = () => {
    guard.enter();
    guard.failed("it refuses connections");
  };
  const answer = () => {
    guard.enter();
    guard.answered();
  };
  return { guard, clock, changes, refusals, fail, answer };
}

test("an upstream that fails again and again is left alone, tried with one request, and comes back by itself", () => {
  const { guard, clock, changes, refusals, fail, answer } = guarded({ failuresMax: 3 });
  for (let at = 0; at < 3; at++) fail();
  expect(guard.state).toMatchObject({ open: 1, isUp: false, reason: "it refuses connections" });
  expect(() => guard.enter()).toThrow(/Tools does not answer \(it refuses connections\).*Nothing was sent/);
  clock.ms += 2000;
  guard.enter();
  expect(() => guard.enter()).toThrow(/left alone/);
  guard.failed("still");
  clock.ms += 1999;
  expect(() => guard.enter(), "it rests longer than before").toThrow(/still/);
  clock.ms += 2001;
  answer();
  answer();
  expect(guard.state).toEqual({ active: 0, open: 0, isUp: true, reason: null });
  expect(changes).toEqual([false, true]);
  expect(new Set(refusals)).toEqual(new Set(["open"]));
});

test("failures that others interrupt do not open it, and what nobody waits for any longer says nothing", () => {
  const { guard, fail, answer, clock } = guarded({ failuresMax: 3 });
  for (const turn of [fail, fail, answer, fail, fail]) turn();
  expect(guard.state.open).toBe(0);
  fail();
  clock.ms += 2000;
  guard.enter();
  guard.givenUp();
  guard.enter();
  guard.answered();
  expect(guard.state.open).toBe(0);
});

test("a slow upstream takes so many requests and no more", () => {
  const { guard, refusals } = guarded({ activeMax: 2 });
  guard.enter();
  guard.enter();
  expect(() => guard.enter()).toThrow(/has 2 requests to answer before this one/);
  expect(refusals).toEqual(["full"]);
  guard.answered();
  guard.enter();
});

test("retries are a tenth of the requests at most", () => {
  const { guard, answer } = guarded();
  while (guard.mayRetry());
  let retried = 0;
  for (let at = 0; at < 1000; at++) {
    answer();
    if (guard.mayRetry()) retried++;
  }
  expect(retried).toBeLessThanOrEqual(100);
  expect(retried).toBeGreaterThan(90);
});
