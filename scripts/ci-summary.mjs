// Adds up vitest's reports and the other checks, and prints `N passed, N failed` as the last line.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const [folder, checksPassed, checksFailed] = process.argv.slice(2)
let passed = Number(checksPassed)
let failed = Number(checksFailed)

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const report = JSON.parse(readFileSync(join(folder, file), "utf8"))
  passed += report.numPassedTests
  failed += report.numFailedTests
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults.filter((result) => result.status === "failed")) {
      console.log(`failed in ${file}: ${test.fullName}`)
    }
    // A file that could not be loaded has no tests to count.
    if (suite.status === "failed" && suite.assertionResults.every((result) => result.status !== "failed")) {
      failed++
      console.log(`failed in ${file}: ${suite.name}: ${suite.message}`)
    }
  }
}

// An error outside of all tests (an unhandled rejection, a leaked server) fails its run without a failed test.
const failedRuns = join(folder, "failed-runs")
if (failed === 0 && existsSync(failedRuns)) {
  failed++
  console.log(
    `ended with an error outside of its tests: ${readFileSync(failedRuns, "utf8").trim().split("\n").join(", ")}`,
  )
}

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
