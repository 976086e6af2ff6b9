import { setTimeout as pause } from "node:timers/promises"
import pg from "pg"
import { PgPoolDriver } from "../../adapters/drivers/pg-pool-driver.js"
import type { EntrypointOptions } from "../../app/worker/entrypoint-options.js"
import { PgQueuer } from "../../pgqueuer.js"
import { endWithParent } from "./end-with-parent.js"
import type { ShopEntrypoint } from "./shop.js"

interface Work extends EntrypointOptions {
  /** How long it takes, about. */
  readonly workMs: number
  /** How many of a hundred attempts fail, and with what. */
  readonly failing?: number
  readonly error?: string
}

const works: { readonly [E in ShopEntrypoint]: Work } = {
  "search.index": { workMs: 20 },
  "email.send": {
    workMs: 120,
    failing: 2,
    error: "the mail server said 451: try again later",
    retry: { maxAttempts: 3 },
  },
  "webhook.deliver": { workMs: 260, failing: 9, error: "connect ETIMEDOUT 203.0.113.7:443", retry: { maxAttempts: 2 } },
  "order.confirm": { workMs: 45 },
  "image.resize": { workMs: 900, failing: 3, error: "unsupported image format", concurrencyLimit: 4 },
  "invoice.render": { workMs: 2_500, failing: 5, error: "the template has no field total", onFailure: "hold" },
}

/** The worker of the shop that `pgq demo --serve` keeps at work. */
export async function main() {
  endWithParent()
  const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: 8 })
  const pgq = new PgQueuer(new PgPoolDriver(pool), {
    maxConcurrentTasks: 20,
    heartbeatTimeout: "10s",
    shutdownTimeout: "3s",
  })
  for (const [name, { workMs, failing = 0, error = "", ...options }] of Object.entries(works)) {
    pgq.entrypoint(
      name,
      async (job, { log, progress }) => {
        const steps = workMs > 1_000 ? 5 : 1
        for (let step = 1; step <= steps; step++) {
          await pause((workMs / steps) * (0.5 + Math.random()))
          if (steps > 1) progress({ pages: step, of: steps })
        }
        if (Math.random() * 100 < failing) throw new Error(error)
        log.info("done", { order: (job.payload as { order: number }).order })
        return { ok: true }
      },
      options,
    )
  }
  pgq.schedule("stock.count", "* * * * *", async () => pause(300))
  pgq.schedule("report.daily", "0 6 * * *", async () => pause(300), { timezone: "Europe/Berlin" })
  return { pgq, [Symbol.asyncDispose]: () => pool.end() }
}
