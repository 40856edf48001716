import { startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { type Revision, runServerScenarios } from "@gatehouse/testing/conformance/run";
import { expect, test } from "vitest";

const fixtures: [Revision, typeof startLegacyFixture, number][] = [
  ["2025-11-25", startLegacyFixture, 30],
  ["2026-07-28", startModernFixture, 37],
];

test.for(fixtures)(
  "without a gateway before it, the fixture conforms to %s",
  { timeout: 120_000 },
  async ([revision, start, required]) => {
    await using fixture = await start();
    const { scored } = await runServerScenarios(fixture.url, revision);
    expect(scored).toHaveLength(required);
    expect(scored.filter(({ failures }) => failures.length > 0)).toEqual([]);
  },
);
