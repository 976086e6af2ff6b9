// pgq run examples/resources/consumer.ts:main -- smtp.example.com
import { Pool } from "pg"
import { type Context, type Job, PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

/** Made once, shared by all handlers, closed when the worker has stopped. */
class Mailer implements AsyncDisposable {
  readonly #server: string
  #sent = 0

  constructor(server: string) {
    this.#server = server
  }

  async send(to: string): Promise<void> {
    this.#sent++
    console.log(`sent to ${to} through ${this.#server}`)
  }

  async [Symbol.asyncDispose]() {
    console.log(`mailer closed after ${this.#sent}`)
  }
}

interface Resources {
  readonly mailer: Mailer
}

export async function main(server = "localhost") {
  const pool = new Pool()
  const resources: Resources = { mailer: new Mailer(server) }
  const pgq = new PgQueuer(new PgPoolDriver(pool), { resources })

  pgq.entrypoint("mail", async (job: Job, { resources, signal }: Context<Resources>) => {
    signal.throwIfAborted()
    await resources.mailer.send(String(job.payload))
  })

  return { pgq, [Symbol.asyncDispose]: () => pool.end() }
}
