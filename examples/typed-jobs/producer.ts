// npx jiti examples/typed-jobs/producer.ts
import { Pool } from "pg"
import { PgQueuerError, Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"
import { email } from "./email.ts"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))

const job = await email.enqueue(
  queries,
  { to: "ada@example.com", subject: "Welcome", birthday: new Date("1815-12-10") },
  { priority: 10 },
)
const { messageId, sentAt } = await job.result({ timeout: "1m" })
console.log(`${messageId} was sent in ${sentAt.getUTCFullYear()}`)

const people = ["bob@example.com", "cyd@example.com"]
const jobs = await email.enqueueMany(
  queries,
  people.map((to) => ({ to, subject: "News", copies: 2 })),
  { each: ({ to }) => ({ dedupeKey: to }) },
)
console.log(await Promise.all(jobs.map((one) => one.wait({ timeout: "1m" }))))

try {
  await email.enqueue(queries, { to: "nobody", subject: "Welcome" })
} catch (error) {
  if (!(error instanceof PgQueuerError)) throw error
  console.log(error.code, error.issues)
}

await pool.end()
