import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Exchange } from "../src/exchange.ts";
import type { OrgSnapshot } from "../src/snapshots.ts";
import { takeTurn } from "../src/turns.ts";

const orgOf = (id: string, callsPerSecond?: number) =>
  ({ id, allowance: () => ({ callsPerSecond }) }) as unknown as OrgSnapshot;
const take = (org: OrgSnapshot) => takeTurn({ org } as Exchange);

test("an org that calls alone waits for nobody", () => {
  const only = orgOf("loud");
  for (let call = 0; call < 100; call++) expect(take(only)).toBeUndefined();
});

test("where others call, an org goes on with one exchange in a turn of the event loop, and they go on meanwhile", async () => {
  const [loud, quiet] = [orgOf("loud"), orgOf("quiet")];
  expect(take(quiet)).toBeUndefined();
  expect(take(loud)).toBeUndefined();
  const gone: number[] = [];
  const calls = Array.from({ length: 5 }, async (_, call) => {
    await take(loud);
    gone.push(call);
  });
  for (let turn = 1; turn <= 5; turn++) {
    await nextTurn();
    expect(gone.length).toBeLessThanOrEqual(turn);
    expect(take(quiet)).toBeUndefined();
  }
  await Promise.all(calls);
  expect(gone).toEqual([0, 1, 2, 3, 4]);
});

test("what comes at once is spread over the second, but for the first of it", async () => {
  take(orgOf("another"));
  const busy = orgOf("busy", 1000);
  const began = performance.now();
  await Promise.all(Array.from({ length: 60 }, () => take(busy)));
  expect(performance.now() - began).toBeGreaterThan(40);
});

test("an org that may call but little does not wait for long", async () => {
  take(orgOf("another"));
  const little = orgOf("little", 2);
  await Promise.all(Array.from({ length: 12 }, () => take(little)));
});
