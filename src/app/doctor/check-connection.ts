import type { Clock, Random } from "../../ports/clock.js"
import type { Driver } from "../../ports/driver.js"
import { type Finding, finding } from "./diagnosis.js"

const echoTimeoutMs = 2_000

export interface ConnectionReading {
  /** How long a notification took; undefined when it did not arrive, null when the driver cannot listen. */
  readonly notifyMs: number | null | undefined
  /** Whether a session changes its server process under way; null when that cannot be found out. */
  readonly isPooled: boolean | null
}

/** Sends a notification to itself, and looks whether sessions keep their server processes. */
export async function readConnection(driver: Driver, clock: Clock, random: Random): Promise<ConnectionReading> {
  const notifyMs = driver.features.listen ? await echo(driver, clock, random) : null
  return { notifyMs, isPooled: driver.features.sessions > 1 ? await findPooler(driver) : null }
}

export function checkConnection(driver: Driver, { notifyMs, isPooled }: ConnectionReading): readonly Finding[] {
  const found: Finding[] = []
  if (notifyMs === undefined) {
    const message = "Notifications don't arrive: workers find jobs by polling, up to 30 s late"
    const remedy =
      "Behind a pooler, give LISTEN a direct connection to the server: listenUrl of the driver, or this variable."
    const command = "export PGQUEUER_LISTEN_URL=postgres://USER@HOST:5432/DATABASE"
    found.push(finding("warning", "notify-lost", message, remedy, { command }))
  }
  if (notifyMs === null) {
    const message = `${driver.label} cannot listen: workers on it find jobs by polling`
    found.push(finding("note", "notify-lost", message, "Use PgPoolDriver or PostgresJsDriver for workers."))
  }
  if (isPooled === true) {
    const message = "A pooler gives each transaction another server process (transaction mode)"
    const remedy =
      "Set prepare: false in the driver unless the pooler keeps prepared statements (PgBouncer from 1.21), and give it a direct listenUrl."
    found.push(finding("note", "pooled", message, remedy))
  }
  return found
}

async function echo(driver: Driver, clock: Clock, random: Random): Promise<number | undefined> {
  const name = `pgqueuer_doctor_${Math.trunc(random() * 1e15)}`
  let arrived = () => {}
  const heard = new Promise<number | undefined>((resolve) => {
    const timer = clock.after(echoTimeoutMs, () => resolve(undefined))
    arrived = () => {
      timer.cancel()
      resolve(clock.monotonic())
    }
  })
  const subscription = await driver.listen(name, { onNotification: () => arrived(), onLost: () => {} })
  try {
    const sentAt = clock.monotonic()
    await driver.query("select pg_notify($1::text, '')", [name])
    const heardAt = await heard
    return heardAt === undefined ? undefined : heardAt - sentAt
  } finally {
    await subscription.close()
  }
}

/** Two sessions on one server process, or one session on two, are the work of a pooler. */
async function findPooler(driver: Driver): Promise<boolean> {
  const session = await driver.session()
  try {
    const before = await processOf(session)
    const between = await driver.transaction(processOf)
    return between === before || (await processOf(session)) !== before
  } finally {
    await session.release()
  }
}

async function processOf(on: Pick<Driver, "query">): Promise<number | undefined> {
  const [row] = await on.query<{ pid: number }>("select pg_backend_pid() as pid")
  return row?.pid
}
