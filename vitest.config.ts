import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["apps/*/test/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: "packages/testing/src/global-setup.ts",
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
