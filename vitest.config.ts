import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each file opens native sessions; two processes keep two cores busy without thrashing.
    maxWorkers: 2,
  },
});
