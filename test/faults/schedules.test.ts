import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

interface Tick {
  readonly at: number
  readonly startedAt: number
}

function startScheduleProcess(queue: TestQueue, ticks: Tick[]): ChildProcess {
  const given = {
    url: queue.database.url,
    options: { schema: queue.schema, heartbeatTimeout: "3s" },
    scheduleOptions: { overlap: "allow" },
  }
  const script = fileURLToPath(new URL("../support/schedule-process.mjs", import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify(given)], { stdio: ["ignore", "pipe", "inherit"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const [kind, at, startedAt] = line.split(" ")
    if (kind === "tick") ticks.push({ at: Number(at), startedAt: Number(startedAt) })
  })
  return child
}

it("starts every second once over two processes, also while one of them is killed", async () => {
  const queue = await installQueue()
  const ticks: Tick[] = []
  const children = [startScheduleProcess(queue, ticks), startScheduleProcess(queue, ticks)]
  await eventually(() => ticks.length >= 8, 60_000)
  const before = ticks.map((tick) => tick.at)
  expect(before).toEqual(before.map((_, index) => before[0]! + index * 1_000))
  children[0]!.kill("SIGKILL")
  const killedAt = ticks.length
  await eventually(() => ticks.length >= killedAt + 8, 60_000)
  const times = [...new Set(ticks.map((tick) => tick.at))].sort((a, b) => a - b)
  for (const [index, time] of times.entries()) {
    if (index > 0) expect(time - times[index - 1]!).toBeLessThanOrEqual(5_000)
  }
  expect(ticks.length - times.length).toBeLessThanOrEqual(1)
}, 150_000)
