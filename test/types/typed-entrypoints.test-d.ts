import { type } from "arktype"
import {
  type Driver,
  defineEntrypoint,
  type Job,
  type JobHandle,
  PgQueuer,
  type Queries,
  type TypedEntrypoint,
} from "pgqueuer"
import * as v from "valibot"
import { z } from "zod"

// Compiled, never run: the types of a definition flow to the producer, the handler and the result.

const email = defineEntrypoint("email", {
  input: z.object({ to: z.email(), at: z.string().transform((text) => new Date(text)), copies: z.number().default(1) }),
  output: z.object({ messageId: z.string() }),
  concurrencyLimit: 5,
})

const resize = defineEntrypoint("resize", {
  input: v.object({ file: v.string(), width: v.optional(v.number(), 100) }),
})

const sum = defineEntrypoint("sum", { input: type({ numbers: "number[]" }), output: type("string.numeric.parse") })

const tidy = defineEntrypoint("tidy")

const nothing = defineEntrypoint("nothing", { input: z.undefined(), output: z.undefined() })

interface Jobs {
  fetch: { input: { user: number }; output: string }
}

export async function enqueues(queries: Queries, typed: Queries<Jobs>): Promise<JobHandle[]> {
  await sum.enqueue(typed, { numbers: [1, 2] })
  await tidy.enqueue(queries)
  await tidy.enqueue(queries, { any: "thing" })
  await nothing.enqueue(queries)
  await nothing.enqueue(queries, undefined, { priority: 1 })
  await resize.enqueueMany(typed, [{ file: "a" }, { file: "b", width: 5 }], {
    each: ({ file, width }, index) => ({ priority: index + (width ?? file.length) }),
  })
  await resize.enqueueMany(queries, [{ file: "a" }], { each: { priority: 1 } })
  return [await email.enqueue(queries, { to: "ada@example.com", at: "2030-01-31" }, { executeAfter: "1h" })]
}

export async function mistakesInJobsDoNotCompile(queries: Queries): Promise<void> {
  // @ts-expect-error a payload is needed
  await email.enqueue(queries)
  // @ts-expect-error the input is a string, though the handler gets a Date
  await email.enqueue(queries, { to: "ada@example.com", at: new Date() })
  // @ts-expect-error a member is missing
  await resize.enqueue(queries, { width: 7 })
  // @ts-expect-error of the wrong type
  await sum.enqueue(queries, { numbers: ["1"] })
  // @ts-expect-error there is no payload
  await nothing.enqueue(queries, 7)
  // @ts-expect-error no such option
  await tidy.enqueue(queries, 7, { prioritty: 1 })
  // @ts-expect-error one of them is wrong
  await resize.enqueueMany(queries, [{ file: "a" }, { file: 7 }])
  // @ts-expect-error a driver is no Queries
  await tidy.enqueue({} as Driver)
}

export async function results(queries: Queries): Promise<void> {
  const job = await sum.enqueue(queries, { numbers: [1] })
  const total: number = await job.result({ timeout: "1s", signal: AbortSignal.timeout(5) })
  const [first] = await email.enqueueMany(queries, [])
  const id: string | undefined = (await first?.result())?.messageId
  const anything: unknown = await tidy.handle(queries, "1").result()
  const skipped: JobHandle<number> | null = await sum.enqueue(queries, { numbers: [] }, { onConflict: "skip" })
  // @ts-expect-error it is a number
  const wrong: string = await job.result()
  // @ts-expect-error with skip it may be null
  const certain: JobHandle<number> = await sum.enqueue(queries, { numbers: [] }, { onConflict: "skip" })
  void [total, id, anything, skipped, wrong, certain]
}

export function registers(pgq: PgQueuer, typed: PgQueuer<Record<string, never>, Jobs>): void {
  pgq.entrypoint(email, async (job) => {
    const { to, at, copies }: { to: string; at: Date; copies: number } = job.payload
    return { messageId: `${to}${at.getTime()}${copies}` }
  })
  typed.entrypoint(resize, (job, { queries }) => {
    const width: number = job.payload.width
    void queries.enqueue("fetch", { user: width })
    return width
  })
  pgq.qm.entrypoint(sum, (job) => String(job.payload.numbers.length), { concurrencyLimit: 1 })
  pgq.entrypoint(sum, (job: Job<{ numbers: number[] }>) => job.id)
  pgq.entrypoint(tidy, () => {})
  pgq.entrypoint(nothing, async () => {})
}

export function mistakesInHandlersDoNotCompile(pgq: PgQueuer): void {
  // @ts-expect-error the result lacks its member
  pgq.entrypoint(email, () => ({}))
  // @ts-expect-error the result is a string, though result() gives a number
  pgq.entrypoint(sum, () => 7)
  // @ts-expect-error the payload is of another type
  pgq.entrypoint(resize, (job: Job<{ files: string[] }>) => job.payload.files)
  // @ts-expect-error there is no such member
  pgq.entrypoint(email, (job) => ({ messageId: job.payload.from }))
}

export function mistakesInDefinitionsDoNotCompile(): void {
  // @ts-expect-error a class is no schema
  defineEntrypoint("a", { input: Date })
  // @ts-expect-error no such option
  defineEntrypoint("a", { imput: z.string() })
  // @ts-expect-error a name is needed
  defineEntrypoint({ input: z.string() })
}

/** One place for all definitions, whatever their types. */
export const all: readonly TypedEntrypoint[] = [email, resize, sum, tidy, nothing]

export function worker(driver: Driver): PgQueuer {
  return new PgQueuer(driver)
}
