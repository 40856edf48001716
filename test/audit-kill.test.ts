import { expect, test } from "vitest";
import { survive } from "../bench/remembering.ts";

test.each(["gateway", "postgres"] as const)(
  "no answer without a record: %s is killed twice at load, and nothing is missing",
  { timeout: 120_000 },
  async (what) => {
    const survived = await survive({ what, times: 2 });
    expect(survived).toMatchObject({ missing: [], finding: null });
    expect(survived.answered).toBeGreaterThan(32);
    expect(survived.writesUpstream).toBeGreaterThan(16);
  },
);
