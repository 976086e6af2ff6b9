import { setTimeout as pause } from "node:timers/promises"
import type { Queries } from "../../queries.js"
import { Child } from "./children.js"

/** How many jobs of what the shop has a second. */
const perSecond = {
  "search.index": 4,
  "email.send": 3,
  "webhook.deliver": 2,
  "order.confirm": 2,
  "image.resize": 1,
  "invoice.render": 0.3,
} as const

export type ShopEntrypoint = keyof typeof perSecond

const everyMs = 250

/** A shop whose two workers always have something to do, until the signal aborts; then the workers end, and all is quiet. */
export async function runShop(queries: Queries, signal: AbortSignal): Promise<void> {
  const workers = [keepWorker(signal), keepWorker(signal)]
  const customers = keepOrdering(queries, signal)
  try {
    await Promise.all([...workers, customers])
  } catch (error) {
    if (!signal.aborted) throw error
  }
  await Promise.allSettled([...workers, customers])
}

/** One that ends, because it was drained or killed, is followed by another one, as a process manager would have it. */
async function keepWorker(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const worker = Child.worker("shop-worker.js")
    const stop = () => void worker.end("SIGTERM")
    signal.addEventListener("abort", stop, { once: true })
    await worker.exited
    signal.removeEventListener("abort", stop)
    if (!signal.aborted) await pause(1_000, undefined, { signal })
  }
}

async function keepOrdering(queries: Queries, signal: AbortSignal): Promise<void> {
  for (let order = 48_000; !signal.aborted; order++) {
    const jobs = Object.entries(perSecond).flatMap(([entrypoint, rate]) =>
      Array.from({ length: countOf((rate * everyMs) / 1_000) }, () => ({
        entrypoint,
        payload: { order, customer: { id: (order * 7) % 9_000, mail: `customer${order % 9_000}@example.com` } },
        priority: entrypoint === "order.confirm" ? 5 : 0,
        headers: { source: "shop" },
        ...(entrypoint === "email.send" && order % 10 === 0 ? { executeAfter: "2m" as const } : {}),
      })),
    )
    if (jobs.length > 0) await queries.enqueueMany(jobs)
    await pause(everyMs, undefined, { signal })
  }
}

/** Of a rate below one, one now and then. */
function countOf(rate: number): number {
  return Math.floor(rate) + (Math.random() < rate % 1 ? 1 : 0)
}
