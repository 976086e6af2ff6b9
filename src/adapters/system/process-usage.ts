import type { ProcessUsage } from "../../ports/vitals.js"

export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage()
  return { memoryBytes: process.memoryUsage.rss(), cpuMs: Math.round((user + system) / 1_000) }
}
