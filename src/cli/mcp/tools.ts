import { failureGroupFacts, groupFailures } from "../../app/failure-groups.js"
import type { Duration } from "../../domain/duration.js"
import type { JobRecord } from "../../domain/job.js"
import { checkOptions } from "../../domain/options.js"
import { type Status, statuses } from "../../domain/status.js"
import type { RecentStore } from "../../ports/recent-store.js"
import type { Queries } from "../../queries.js"
import { jobAsJson } from "../job-text.js"

/** One thing that an assistant may ask for. None of them changes anything. */
export interface Tool {
  readonly name: string
  readonly description: string
  readonly inputs: Readonly<Record<string, Input>>
  readonly required?: readonly string[]
  run(view: View, inputs: Inputs): Promise<unknown>
}

/** A property of a JSON Schema. */
interface Input {
  readonly type: "string" | "integer" | "boolean"
  readonly description: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
}

export interface Inputs {
  readonly id?: string
  readonly name?: string
  readonly status?: Status
  readonly entrypoint?: string
  readonly limit?: number
  readonly after?: string
  readonly since?: Duration
  readonly all?: boolean
}

/** What the tools look at, and how much of it they show. */
export interface View {
  readonly queries: Queries
  readonly recent: RecentStore
  /** Payloads, headers, results, progress and the fields of log lines are shown. */
  readonly payloads: boolean
}

const id: Input = { type: "string", description: "The id of a job: digits." }
const entrypoint: Input = { type: "string", description: "Only jobs of this entrypoint." }
const most = 100

export const tools: readonly Tool[] = [
  {
    name: "overview",
    description:
      "How the queue stands: unfinished jobs by entrypoint and status, how jobs ended lately, workers, limits and pauses. Start here.",
    inputs: {
      since: { type: "string", description: 'Counts ends of the last so long: "30m", "2h", "7d". Default "1h".' },
    },
    async run({ queries }, { since = "1h" }) {
      const [waiting, ended, workers, limits] = await Promise.all([
        queries.depth(),
        queries.activity({ last: since }),
        queries.workers(),
        queries.limits(),
      ])
      return {
        unfinished: waiting,
        since,
        ended,
        workers: workers.map(({ id, host, state }) => ({ id, host, state })),
        limits,
      }
    },
  },
  {
    name: "jobs",
    description: "Lists jobs, the newest first.",
    inputs: {
      status: { type: "string", description: "Only jobs of this status.", enum: statuses },
      entrypoint,
      limit: { type: "integer", description: "At most so many; default 20.", minimum: 1, maximum: most },
      after: { type: "string", description: "The next page: the last id of the page before." },
    },
    async run({ queries, payloads }, { limit = 20, ...filter }) {
      return (await queries.jobs({ ...filter, limit: Math.min(limit, most) })).map((job) => shown(job, payloads))
    },
  },
  {
    name: "job",
    description: "One job: where it stands, its failed attempts with tracebacks, and what its handler logged.",
    inputs: { id },
    required: ["id"],
    async run({ queries, payloads }, { id = "" }) {
      const job = await queries.job(id)
      if (job === undefined) return { id, status: "unknown" }
      const [failures, logs] = await Promise.all([queries.failures(id), queries.logs(id, { limit: most })])
      return { ...shown(job, payloads), failures, logs: payloads ? logs : logs.map(({ fields, ...line }) => line) }
    },
  },
  {
    name: "explain",
    description: "Why a job is not running, or where it is, in words: all reasons that hold, the weightiest first.",
    inputs: { id },
    required: ["id"],
    run: ({ queries }, { id = "" }) => queries.explain(id),
  },
  {
    name: "failures",
    description:
      "The newest failed attempts, grouped by entrypoint and error: how many, how many jobs failed for good, how many of these are held and can be requeued, the newest ids. Numbers and ids in the errors are replaced by #.",
    inputs: {
      entrypoint,
      limit: {
        type: "integer",
        description: "Looks at so many of the newest failed attempts; default 1000.",
        minimum: 1,
        maximum: 10_000,
      },
    },
    async run({ recent }, { entrypoint, limit = 1_000 }) {
      const groups = groupFailures(await recent.listFailures(Math.min(limit, 10_000)))
      return groups
        .filter((group) => entrypoint === undefined || group.entrypoint === entrypoint)
        .map(failureGroupFacts)
    },
  },
  {
    name: "schedules",
    description:
      "What recurs: expressions, last and next run, what is paused, what no worker has code for. With a name the latest runs of that schedule, too.",
    inputs: {
      name: { type: "string", description: "Only the schedule of this name, with its runs." },
      limit: { type: "integer", description: "At most so many runs; default 20.", minimum: 1, maximum: most },
    },
    async run({ queries }, { name, limit = 20 }) {
      if (name === undefined) return queries.schedules()
      const [schedules, runs] = await Promise.all([
        queries.schedules(),
        queries.scheduleRuns(name, { limit: Math.min(limit, most) }),
      ])
      const schedule = schedules.find((known) => known.name === name)
      return schedule === undefined ? { name, status: "unknown", runs } : { ...schedule, runs }
    },
  },
  {
    name: "workers",
    description: "The workers that run: what they hold, and how long ago they gave a sign of life.",
    inputs: { all: { type: "boolean", description: "Also those that stopped within the last week." } },
    run: ({ queries }, { all = false }) => queries.workers({ all }),
  },
  {
    name: "doctor",
    description:
      "Is the database sound for a queue: forgotten transactions, dead rows, unsafe settings, missing rights, entrypoints without a worker and more, each with what to do.",
    inputs: {},
    run: ({ queries }) => queries.doctor(),
  },
]

/** @throws PgQueuerError `PGQ_OPTION_INVALID` for an input that the tool does not have, or that is of the wrong type */
export function checkInputs({ name, inputs, required = [] }: Tool, given: unknown): Inputs {
  const checks = Object.entries(inputs).map(([input, { type }]) => [input, ofType(type)] as const)
  checkOptions(name, given, Object.fromEntries(checks))
  const found = (given ?? {}) as Inputs
  const asked = Object.fromEntries(required.map((input) => [input, found[input as keyof Inputs] ?? null]))
  checkOptions(name, asked, Object.fromEntries(checks))
  return found
}

function ofType(type: Input["type"]) {
  return (value: unknown) => {
    const fits = type === "integer" ? Number.isInteger(value) : typeof value === type
    return fits ? undefined : `must be of the type ${type}`
  }
}

function shown(job: JobRecord, payloads: boolean): object {
  if (payloads) return jobAsJson(job)
  const { payload, headers, result, progress, ...rest } = job
  return rest
}
