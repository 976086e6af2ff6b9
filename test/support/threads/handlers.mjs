import { threadId } from "node:worker_threads"

/** What the tests of ThreadExecutor run in threads. */
export default function echo(job, context) {
  return { payload: job.payload ?? null, id: job.id, attempt: context.attempt, inThread: threadId > 0 }
}

export function compute({ payload }) {
  const end = performance.now() + payload
  while (performance.now() < end);
  return threadId
}

export function throwCoded() {
  throw Object.assign(new RangeError("out of range", { cause: new Error("the reason") }), { code: "E_RANGE" })
}

export function throwText() {
  throw "just text"
}

export function again(_job, { attempt }) {
  if (attempt < 3) throw Object.assign(new Error("later"), { name: "RetryRequested", delayMs: 0 })
  return "third time"
}

export function exit({ payload }) {
  if (payload === "exit") process.exit(3)
  return "alive"
}

export async function crashBeside({ payload }) {
  if (payload !== "crash") return "alive"
  setTimeout(() => {
    throw new Error("nobody catches this")
  }, 10)
  await new Promise((resolve) => setTimeout(resolve, 5_000))
}

export function hoard({ payload }) {
  if (payload !== "hoard") return "alive"
  const kept = []
  for (;;) kept.push(new Array(10_000).fill(Math.random()))
}

export function bigint() {
  return 5n
}

export function forever() {
  for (;;);
}
