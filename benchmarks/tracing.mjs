// What tracing costs, on the built package: `node benchmarks/tracing.mjs [opentelemetry|sentry|logfire|bare] [jobs] [rounds]`
//
// Each measurement has a process of its own, with tracing and without in turn: what an SDK does to a process stays in it. Sentry and Logfire send
// nothing; OpenTelemetry and Logfire keep every span in memory. `bare` makes OpenTelemetry's spans by hand in a loop, without any queue.
import { spawn } from "node:child_process"
import { startEmbeddedPostgres } from "../dist/adapters/embedded/embedded-postgres.js"
import { loads } from "./tracing/loads.mjs"

const [what = "opentelemetry", jobs = "20000", rounds = "5"] = process.argv.slice(2)
if (what !== "bare" && loads[what] === undefined)
  throw new Error(`there is no ${what}; there are ${Object.keys(loads)}`)

if (what === "bare") await measure("bare", "")
else {
  const logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
  const server = await startEmbeddedPostgres({ settings: { shared_buffers: "256MB" }, logger })
  const pairs = []
  for (let number = 1; number <= Number(rounds); number++) {
    const without = await measure("none", server.url)
    const traced = await measure(what, server.url)
    pairs.push({
      enqueue: without.enqueueMs / traced.enqueueMs,
      drain: without.drainMs / traced.drainMs,
      cpu: traced.cpuMicros - without.cpuMicros,
    })
    console.log(
      `round ${number}: ${line(pairs.at(-1))}; ${traced.cpuMicros.toFixed(1)} µs of CPU a job; ${traced.spans} spans`,
    )
  }
  const middle = Object.fromEntries(
    ["enqueue", "drain", "cpu"].map((key) => [key, median(pairs.map((pair) => pair[key]))]),
  )
  console.log(`median:  ${line(middle)}`)
  await server.stop()
}

function line({ enqueue, drain, cpu }) {
  return `rate traced / without: enqueue ${enqueue.toFixed(2)}, drain ${drain.toFixed(2)}; ${cpu.toFixed(1)} µs of CPU a job more`
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

/** In a process of its own; answers with what that says. */
async function measure(load, url) {
  const script = new URL("./tracing/measure.mjs", import.meta.url).pathname
  const child = spawn(process.execPath, [script, load, jobs, url], { stdio: ["ignore", "pipe", "inherit"] })
  let said = ""
  for await (const chunk of child.stdout) said += chunk
  if (load !== "bare") return JSON.parse(said)
  process.stdout.write(said)
}
