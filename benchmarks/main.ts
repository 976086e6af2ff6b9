import { writeFile } from "node:fs/promises"
import { type BenchOptions, parseBenchOptions, usage } from "./options.ts"
import { copyPackage } from "./package-under-test.ts"
import { printReport, type Report } from "./report.ts"
import { runRounds } from "./rounds.ts"
import { openServer, type Server } from "./server.ts"

/** Runs the benchmark and prints its report; answers with the exit code: 0 when every measurement was taken. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseBenchOptions(args)
  if (typeof options === "string") {
    console.error(`${options}\n\n${usage}`)
    return options === "" ? 0 : 2
  }
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(new Error(signal)))
  const packageUnderTest = await copyPackage(options.package)
  try {
    const server = await openServer(options, packageUnderTest)
    try {
      return await measure(options, server, packageUnderTest.entry, stop.signal)
    } finally {
      await server.close()
    }
  } finally {
    await packageUnderTest.remove()
  }
}

async function measure(options: BenchOptions, server: Server, entry: URL, signal: AbortSignal): Promise<number> {
  const rounds = await runRounds({ ...options, server, entry, signal })
  const report: Report = { environment: await server.describe(), rounds }
  printReport(report, options)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
  return rounds.every((round) => round.every((result) => "figures" in result)) && !signal.aborted ? 0 : 1
}
