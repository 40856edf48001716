import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { Intake } from "../src/backs/intake.ts";
import { readStream } from "../src/backs/listen-upstream.ts";
import type { Exchange } from "../src/exchange.ts";
import type { OrgSnapshot } from "../src/snapshots.ts";
import { takeTurn } from "../src/turns.ts";

const MEGABYTE = 1024 ** 2;
const orgOf = (id: string) => ({ id, allowance: () => ({}) }) as unknown as OrgSnapshot;
const call = (org: OrgSnapshot) => takeTurn({ org } as Exchange);
const take = (intake: Intake, bytes: number) => intake.take(bytes, performance.now());

test("where others call, an org's long answers rest; short ones do not, and those of nobody else", () => {
  const loud = orgOf("loud");
  call(loud);
  const alone = new Intake(loud);
  expect(take(alone, 100 * MEGABYTE)).toBe(0);
  alone.letGo();
  call(orgOf("quiet"));
  expect(take(new Intake(loud), 100 * MEGABYTE)).toBeGreaterThan(1000);
  expect(take(new Intake(loud), 64 * 1024)).toBe(0);
  expect(take(new Intake(orgOf("quiet")), MEGABYTE)).toBe(0);
});

test("long answers that have come together are read one after the other", () => {
  const loud = orgOf("together");
  call(orgOf("quiet"));
  const rests = Array.from({ length: 4 }, () => {
    const answer = new Intake(loud);
    take(answer, 8 * MEGABYTE);
    return answer.whole();
  });
  for (const [index, rest] of rests.entries()) if (index > 0) expect(rest - rests[index - 1]!).toBeGreaterThan(500);
});

test("what an org's unfinished answers hold is bounded, and found again when they end", () => {
  const [org, other] = [orgOf("held"), orgOf("other")];
  const answers = Array.from({ length: 16 }, () => new Intake(org));
  for (const answer of answers) take(answer, 16 * MEGABYTE);
  const late = new Intake(org);
  expect(() => take(late, MEGABYTE)).toThrow(/no place for this one/);
  late.letGo();
  take(new Intake(other), MEGABYTE);
  answers[0]!.letGo();
  take(new Intake(org), 16 * MEGABYTE);
});

test("a stream that stays open rests as long answers do, and not once it is closed", async () => {
  const loud = orgOf("streaming");
  call(loud);
  call(orgOf("quiet"));
  take(new Intake(loud), 9 * MEGABYTE);
  const event = Buffer.from(`data: ${"x".repeat(MEGABYTE)}\n\n`);
  const beganAt = performance.now();
  await readStream(loud, Readable.from([event]), () => {});
  expect(performance.now() - beganAt).toBeGreaterThan(100);
  const body = Readable.from([event, event]);
  const told: unknown[] = [];
  take(new Intake(loud), 200 * MEGABYTE);
  await readStream(loud, body, (event) => {
    told.push(event);
    setTimeout(() => body.destroy());
  });
  expect(told).toHaveLength(1);
});
