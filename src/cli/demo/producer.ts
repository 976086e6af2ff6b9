import { setTimeout as pause } from "node:timers/promises"
import { Queries } from "../../queries.js"
import { withPool } from "../connection.js"
import { failureText } from "../failure.js"
import { plan } from "./plan.js"

/** The producer of `pgq demo`, a process of its own: prints the ids of all jobs as JSON. */
try {
  const ids = await withPool(process.env["DATABASE_URL"], (driver) => produce(new Queries(driver)))
  process.stdout.write(JSON.stringify(ids))
} catch (error) {
  process.stderr.write(`${failureText(error, false)}\n`)
  process.exitCode = 1
}

async function produce(queries: Queries): Promise<string[]> {
  const greetings = await greetIdleWorkers(queries)
  const thumbnails = queries.enqueueMany(
    indexes(plan.thumbnail).map((index) => ({
      entrypoint: "thumbnail",
      payload: { picture: `${index}.jpg` },
      priority: index % 10,
    })),
  )
  const emails = indexes(plan.email).map((user) => queries.enqueue("email", { user }, { priority: 5 }))
  const reminders = indexes(plan.reminder).map((index) =>
    queries.enqueue("reminder", undefined, { executeAfter: 1_000 + (index % 9) * 500 }),
  )
  const webhooks = queries.enqueueMany(
    indexes(plan.webhook).map((index) => ({
      entrypoint: "webhook",
      payload: { index },
      headers: { trace: `${index}` },
    })),
  )
  const [newsletter = ""] = await queries.enqueue("newsletter", undefined, { executeAfter: "1h" })
  await queries.cancel(newsletter)
  const rest = await Promise.all([thumbnails, ...emails, ...reminders, webhooks])
  return [...greetings, ...rest.flat(), newsletter]
}

async function greetIdleWorkers(queries: Queries): Promise<string[]> {
  const ids: string[] = []
  for (const index of indexes(plan.greeting)) {
    ids.push(...(await queries.enqueue("greeting", { index })))
    await pause(15)
  }
  return ids
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
