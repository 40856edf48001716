import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["apps/*/test/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: "packages/testing/src/global-setup.ts",
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Much of a test is waiting for others: for Postgres, for a browser, for a clock.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
