import { defineConfig } from "vitest/config"

const report = process.env["PGQUEUER_TEST_REPORT"]

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/postgres-server.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 4,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
  },
})
