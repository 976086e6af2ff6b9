import { parentPort, workerData } from "node:worker_threads"
import pg from "pg"
import { type FromThread, type HeartbeatStart, nowUs, type ToThread } from "./heartbeat-message.js"

// The other side of the heartbeat thread: one connection, one statement, again and again.

const { connection, statement, intervalMs, lastBeat } = workerData as HeartbeatStart

/** A connection attempt or a heartbeat that takes longer than the pause between two is given up. */
const patienceMs = Math.max(1_000, intervalMs)

let client: pg.Client | undefined
let workerId: string | undefined
let isFailing = false
let timer: NodeJS.Timeout | undefined
let isBeating = false

parentPort!.on("message", (message: ToThread) => {
  if (message.kind === "stop") {
    clearTimeout(timer)
    void stop()
    return
  }
  workerId = message.workerId
  poke()
})

try {
  await connect()
  say({ kind: "ready" })
} catch (error) {
  sayFailed(error)
}

function poke(): void {
  clearTimeout(timer)
  if (isBeating) return
  isBeating = true
  void beat().then(() => {
    isBeating = false
    timer = setTimeout(poke, isFailing ? Math.min(intervalMs, 500) : intervalMs)
  })
}

async function beat(): Promise<void> {
  const sentAt = nowUs()
  try {
    client ?? (await connect())
    await client!.query({ text: statement, values: [workerId] })
    Atomics.store(lastBeat, 0, sentAt)
    isFailing = false
  } catch (error) {
    drop()
    if (!isFailing) sayFailed(error)
    isFailing = true
  }
}

async function connect(): Promise<void> {
  const opening = new pg.Client({
    ...connection,
    keepAlive: true,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    application_name: "pgqueuer heartbeat",
  })
  opening.on("error", () => {
    if (client === opening) drop()
  })
  await opening.connect()
  client = opening
}

function drop(): void {
  const broken = client
  client = undefined
  broken?.end().catch(() => {})
}

async function stop(): Promise<void> {
  await client?.end().catch(() => {})
  process.exit(0)
}

function sayFailed(error: unknown): void {
  const { message = String(error), code } = error as { message?: string; code?: string }
  say({ kind: "failed", message, code })
}

function say(message: FromThread): void {
  parentPort!.postMessage(message)
}
