import { existsSync, statfsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const MEMORY = "/dev/shm";
const ROOM_BYTES_MIN = 4 * 1024 ** 3;

/** What tests write lives no longer than they do: it is kept in memory where there is room. */
if (existsSync(MEMORY)) {
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize > ROOM_BYTES_MIN) process.env.TMPDIR = MEMORY;
}

export default defineConfig({
  test: {
    include: ["apps/*/test/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: "packages/testing/src/global-setup.ts",
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Much of a test is waiting for others: for Postgres, for a browser, for a clock.
    maxWorkers: availableParallelism() + 1,
  },
});
