import { fileURLToPath } from "node:url";
import { runThroughGateway } from "@gatehouse/testing/conformance/through-gateway";
import { expect, test } from "vitest";

const baseline = fileURLToPath(new URL("expected-failures.yml", import.meta.url));

test.for([
  { revision: "2025-11-25", era: "legacy", required: 30 },
  { revision: "2026-07-28", era: "modern", required: 37 },
] as const)("through the gateway, a server of $revision still conforms", { timeout: 120_000 }, async (pair) => {
  const { exitCode, scored } = await runThroughGateway(pair.revision, pair.era, baseline);
  const failed = scored.filter(({ failures }) => failures.length > 0);
  expect(exitCode, JSON.stringify(failed, null, 2)).toBe(0);
  expect(scored).toHaveLength(pair.required);
});
