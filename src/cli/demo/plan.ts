/** What the producer enqueues: how many jobs of which entrypoint, 2,000 together. */
export const plan = {
  /** One after the other to idle workers: they measure how quickly a job is picked up. */
  greeting: 100,
  /** One batch, of ten priorities. */
  thumbnail: 1_200,
  /** Single calls, many in flight at once. */
  email: 349,
  /** Deferred by one to five seconds. */
  reminder: 200,
  /** Each asks for one retry. */
  webhook: 150,
  /** Deferred by an hour, and canceled. */
  newsletter: 1,
} as const

export type DemoEntrypoint = keyof typeof plan

/** How long a handler pretends to work. */
export const workMs: { readonly [E in DemoEntrypoint]: number } = {
  greeting: 0,
  thumbnail: 100,
  email: 50,
  reminder: 20,
  webhook: 20,
  newsletter: 0,
}

export const totalJobs = Object.values(plan).reduce((sum, count) => sum + count, 0)

/** The schedule that both workers have. */
export const everySecond = "every second"
