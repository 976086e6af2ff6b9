import {
  type Context,
  type Driver,
  defineEntrypoint,
  type Job,
  type JobMap,
  type JobRequest,
  type JobType,
  PgQueuer,
  Queries,
} from "pgqueuer"
import type { SyncQueries } from "pgqueuer/sync"

// Compiled, never run: a map of names to types gives every call its types; without one everything stays loose.

interface Jobs {
  fetch: { input: { user: number }; output: string }
  remind: { input: { at: Date; note?: string }; output: { sent: Date } }
  tidy: { input: undefined }
  upload: { input: Uint8Array; output: undefined }
  anything: JobType
}

export async function enqueues(queries: Queries<Jobs>): Promise<string[]> {
  await queries.enqueue("fetch", { user: 7 })
  await queries.enqueue("fetch", { user: 7 }, { priority: 1, executeAfter: "1h" })
  await queries.enqueue("tidy")
  await queries.enqueue("tidy", undefined, { priority: 1 })
  await queries.enqueue("upload", Buffer.from("bytes"))
  await queries.enqueue("anything")
  await queries.enqueue("anything", [1, "two"])
  await queries.enqueue(["fetch", "remind"], [{ user: 7 }, { at: new Date() }], [0, 1])
  await queries.enqueue(["tidy", "tidy"])
  return queries.enqueueMany([
    { entrypoint: "fetch", payload: { user: 7 } },
    { entrypoint: "remind", payload: { at: new Date() }, priority: 1 },
    { entrypoint: "tidy" },
  ])
}

export async function mistakesInJobsDoNotCompile(queries: Queries<Jobs>): Promise<void> {
  // @ts-expect-error no such name
  await queries.enqueue("fetched", { user: 7 })
  // @ts-expect-error of the wrong type
  await queries.enqueue("fetch", { user: "7" })
  // @ts-expect-error a member too many
  await queries.enqueue("fetch", { user: 7, name: "ada" })
  // @ts-expect-error a payload is needed
  await queries.enqueue("fetch")
  // @ts-expect-error there is no payload
  await queries.enqueue("tidy", 7)
  // @ts-expect-error no such option
  await queries.enqueue("fetch", { user: 7 }, { prioritty: 1 })
  // @ts-expect-error the payload of another entrypoint
  await queries.enqueueMany([{ entrypoint: "fetch", payload: { at: new Date() } }])
  // @ts-expect-error a payload is needed
  await queries.enqueueMany([{ entrypoint: "fetch" }])
  // @ts-expect-error no such name
  await queries.enqueueMany([{ entrypoint: "fetched", payload: { user: 7 } }])
  // @ts-expect-error the payloads in the wrong order
  await queries.enqueue(["fetch", "upload"], [new Uint8Array(), { user: 7 }])
  // @ts-expect-error no such name
  await queries.enqueue(["fetch", "fetched"], [{ user: 7 }, 1])
}

export async function results(queries: Queries<Jobs>, untyped: Queries): Promise<void> {
  const text: string = await queries.handle("fetch", "1").result({ timeout: "1s" })
  const { sent }: { sent: string } = await queries.handle("remind", "1").result()
  const anything: unknown = await untyped.handle("anything", "1").result()
  // @ts-expect-error it is a string
  const wrong: number = await queries.handle("fetch", "1").result()
  // @ts-expect-error no such name
  queries.handle("fetched", "1")
  // @ts-expect-error nobody knows its type
  const unchecked: string = await untyped.handle("fetch", "1").result()
  void [text, sent, anything, wrong, unchecked]
}

export async function leftOut(queries: Queries<Jobs>): Promise<void> {
  const [whole]: string[] = await queries.enqueue("fetch", { user: 7 }, { dedupeKey: "7" })
  const [skipped]: (string | null)[] = await queries.enqueue("fetch", { user: 7 }, { onConflict: "skip" })
  // @ts-expect-error with skip there may be null among the ids
  const ids: string[] = await queries.enqueue("fetch", { user: 7 }, { onConflict: "skip" })
  // @ts-expect-error the payload is checked with these options, too
  await queries.enqueue("fetch", { user: "7" }, { onConflict: "skip" })
  void [whole, skipped, ids]
}

export function blocking(queries: SyncQueries<Jobs>): void {
  queries.enqueue("fetch", { user: 7 })
  queries.enqueue("tidy")
  queries.enqueueMany([{ entrypoint: "fetch", payload: { user: 7 } }])
  // @ts-expect-error no such name
  queries.enqueue("fetched", { user: 7 })
  // @ts-expect-error of the wrong type
  queries.enqueue("fetch", { user: "7" })
}

interface Resources {
  readonly mailer: { send(to: number): Promise<string> }
}

export function registers(driver: Driver, resources: Resources): PgQueuer<Resources, Jobs> {
  const pgq = new PgQueuer<Resources, Jobs>(driver, { resources })
  pgq.entrypoint("fetch", async (job, { resources, queries }) => {
    const user: number = job.payload.user
    await queries.enqueue("remind", { at: job.createdAt })
    return resources.mailer.send(user)
  })
  pgq.entrypoint("remind", (job) => {
    const at: string = job.payload.at
    const note: string | undefined = job.payload.note
    return { sent: new Date(`${at}${note}`) }
  })
  pgq.entrypoint("tidy", (job) => {
    const none: undefined = job.payload
    return [none]
  })
  pgq.qm.entrypoint("upload", async (job: Job<Uint8Array>, _context: Context<Resources, Jobs>) => {
    job.payload.byteLength
  })
  pgq.entrypoint("anything", (job) => {
    const payload: unknown = job.payload
    return payload
  })
  return pgq
}

export function mistakesInHandlersDoNotCompile(pgq: PgQueuer<Resources, Jobs>): void {
  // @ts-expect-error no such name
  pgq.entrypoint("fetched", () => "")
  // @ts-expect-error the result is of another type
  pgq.entrypoint("fetch", () => 7)
  // @ts-expect-error the same, later
  pgq.entrypoint("fetch", async () => {})
  // @ts-expect-error a Date comes as a string
  pgq.entrypoint("remind", (job: Job<{ at: Date }>) => ({ sent: job.payload.at }))
  // @ts-expect-error no such option
  pgq.entrypoint("fetch", () => "", { concurencyLimit: 1 })
  pgq.entrypoint("fetch", (_job, { queries }) => {
    // @ts-expect-error the queries of the context know the map, too
    void queries.enqueue("fetched")
    return ""
  })
}

export function mapsAreChecked(driver: Driver): void {
  // @ts-expect-error neither input nor output
  new Queries<{ fetch: { inptu: number } }>(driver)
  // @ts-expect-error types of jobs are objects
  new Queries<{ fetch: number }>(driver)
}

/** Code that was written without a map goes on compiling. */
export async function withoutMap(driver: Driver, names: string[], payloads: unknown[], requests: JobRequest[]) {
  const queries = new Queries(driver)
  await queries.enqueue("fetch")
  await queries.enqueue("fetch", { user: 7 }, { priority: 1 })
  await queries.enqueue(names, payloads)
  await queries.enqueue(["fetch", "sync"], payloads, [0, 1])
  await queries.enqueueMany(requests)
  await queries.enqueueMany(names.map((entrypoint) => ({ entrypoint })))
  const pgq = new PgQueuer(driver, { resources: { mailer: 1 } })
  pgq.entrypoint("fetch", async (job: Job, context: Context<{ mailer: number }>) => {
    const payload: unknown = job.payload
    await context.queries.enqueue("anything", payload)
    return context.resources.mailer
  })
  for (const name of names) pgq.entrypoint(name, () => {})
  const plain: Context["queries"] = queries
  return plain
}

/** Helpers that take any queue take a typed one; helpers that register handlers of their own say that the map does not matter. */
export function typedIsAlsoUntyped(queries: Queries<Jobs>, pgq: PgQueuer<Resources, Jobs>, plain: PgQueuer): void {
  takesAnyQueries(queries)
  registersOneMore(pgq)
  registersOneMore(plain)
}

declare function takesAnyQueries(queries: Queries): void

function registersOneMore<R, J extends JobMap<J>>(pgq: PgQueuer<R, J>): void {
  pgq.entrypoint(ping, (job, { queries }) => {
    void ping.enqueue(queries, job.payload)
  })
}

const ping = defineEntrypoint("ping")
