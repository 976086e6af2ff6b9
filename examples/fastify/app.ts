// npx jiti examples/fastify/app.ts
import Fastify from "fastify"
import { Pool } from "pg"
import { PgQueuerError, Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

interface EnqueueBody {
  readonly entrypoint: string
  readonly payloads: readonly unknown[]
}

const bodySchema = {
  type: "object",
  required: ["entrypoint", "payloads"],
  properties: { entrypoint: { type: "string" }, payloads: { type: "array", maxItems: 1_000 } },
}

/** The pool lives as long as the app: checked before it listens, ended after the last request. */
export function makeApp() {
  const app = Fastify()
  const pool = new Pool()
  const queries = new Queries(new PgPoolDriver(pool))

  app.addHook("onReady", async () => {
    await pool.query("select 1")
  })
  app.addHook("onClose", () => pool.end())

  app.post<{ Body: EnqueueBody }>("/enqueue", { schema: { body: bodySchema } }, async (request, reply) => {
    const { entrypoint, payloads } = request.body
    const ids = await queries.enqueueMany(payloads.map((payload) => ({ entrypoint, payload })))
    return reply.code(202).send({ ids })
  })

  app.get("/queue", () => queries.queueSize())

  app.setErrorHandler((error, _request, reply) => {
    const isInput = error instanceof PgQueuerError && /INVALID|TOO_LARGE/.test(error.code)
    if (isInput) return reply.code(400).send({ code: error.code, error: error.message, remedy: error.remedy })
    return reply.send(error)
  })

  return app
}

const app = makeApp()
const address = await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"] ?? 3000) })
console.log(`listening on ${address}`)
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void app.close())
