// pgq run examples/typed-jobs/consumer.ts:main
import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"
import { email } from "./email.ts"

export async function main() {
  const pool = new Pool()
  const pgq = new PgQueuer(new PgPoolDriver(pool))

  pgq.entrypoint(email, async (job) => {
    const { to, subject, birthday, copies } = job.payload
    const year = birthday === undefined ? "no birthday" : `born in ${birthday.getUTCFullYear()}`
    console.log(`${subject} to ${to}, ${year}, copies: ${copies}`)
    return { messageId: `<${job.id}@example.com>`, sentAt: new Date().toISOString() }
  })

  return { pgq, [Symbol.asyncDispose]: () => pool.end() }
}
