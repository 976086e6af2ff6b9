import { Pool } from "pg"
import { type Context, type Job, PgQueuer, Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

interface Jobs {
  fetch: { input: { user: number }; output: { found: boolean } }
  remind: { input: { user: number; at: Date } }
  tidy: { input: undefined }
}

interface Resources {
  readonly baseUrl: string
}

const driver = new PgPoolDriver(new Pool())

export async function produce() {
  const queries = new Queries<Jobs>(driver)
  const [id] = await queries.enqueue("fetch", { user: 7 })
  await queries.enqueue("tidy")
  await queries.enqueueMany([{ entrypoint: "remind", payload: { user: 7, at: new Date() }, executeAfter: "1h" }])

  const { found } = await queries.handle("fetch", id!).result({ timeout: "10s" })
  return found
}

export function main() {
  const resources: Resources = { baseUrl: "https://example.com/users/" }
  const pgq = new PgQueuer<Resources, Jobs>(driver, { resources })

  pgq.entrypoint("fetch", async (job, { resources, signal }) => {
    const response = await fetch(`${resources.baseUrl}${job.payload.user}`, { signal })
    return { found: response.ok }
  })
  pgq.entrypoint("remind", remind)
  pgq.entrypoint("tidy", () => {})
  return pgq
}

async function remind(job: Job<{ user: number; at: string }>, context: Context<Resources, Jobs>) {
  const at = new Date(job.payload.at) // a Date has been JSON
  if (at.getTime() > Date.now()) await context.queries.enqueue("fetch", { user: job.payload.user })
}
