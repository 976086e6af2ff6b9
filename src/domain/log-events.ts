export const logLevels = ["debug", "info", "warn", "error"] as const

export type LogLevel = (typeof logLevels)[number]

/** Everything that PGQueuer writes to a logger, by the name that the line has as `event`, with its level. */
export const logEvents = {
  "worker.started": "info",
  "worker.draining": "info",
  "worker.stopped": "info",
  "worker.silent": "error",
  "worker.declared-dead": "error",
  "worker.rejoined": "info",
  "worker.lost": "warn",
  "duty.failed": "error",
  "job.started": "debug",
  "job.succeeded": "debug",
  "job.retried": "warn",
  "job.failed": "error",
  "job.canceled": "info",
  "job.expired": "info",
  "job.released": "info",
  "job.lost": "warn",
  "job.called-again": "info",
  "jobs.expired": "info",
  "jobs.rescued": "warn",
  "claim.reply-lost": "warn",
  "outcomes.refused": "warn",
  "outcomes.not-recorded": "error",
  "limits.changed": "warn",
  "schedule.failed": "error",
  "schedules.changed": "warn",
  "schedules.rescued": "warn",
  "schedules.not-recorded": "warn",
  "schedules.reply-lost": "warn",
  "listen.unsupported": "info",
  "listen.deaf": "warn",
  "listen.lost": "warn",
  "listen.restored": "info",
  "listener.failed": "warn",
  "notify.failed": "debug",
  "watch.failed": "warn",
  "watch.left-behind": "debug",
  "thread.ended": "warn",
  "tracing.failed": "warn",
  "metrics.failed": "warn",
  "metrics.restored": "info",
  "dashboard.failed": "error",
  "embedded.ended": "error",
} as const satisfies Readonly<Record<string, LogLevel>>

export type LogEvent = keyof typeof logEvents

/** The event of the lines that handlers write with `context.log`, unless they name their own; any level. */
export const handlerEvent = "job.log"
