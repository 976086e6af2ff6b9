// npx jiti examples/express-sync/app.ts
import express, { type NextFunction, type Request, type Response } from "express"
import { PgQueuerError } from "pgqueuer"
import { SyncPgDriver, SyncQueries } from "pgqueuer/sync"

const url = process.env["DATABASE_URL"] ?? "postgres://localhost/postgres"

const app = express()
app.use(express.json())

/** One driver per request, made before the handler and closed when the answer is out. */
app.use((_request: Request, response: Response, next: NextFunction) => {
  const driver = new SyncPgDriver(url)
  response.locals["queries"] = new SyncQueries(driver)
  response.once("close", () => driver.close())
  next()
})

/** Nothing here is asynchronous: enqueue answers with the ids once the jobs are durable. */
app.post("/enqueue", (request: Request, response: Response) => {
  const queries: SyncQueries = response.locals["queries"]
  const { entrypoint, payload } = request.body as { entrypoint: string; payload?: unknown }
  response.status(202).json({ ids: queries.enqueue(entrypoint, payload) })
})

app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (!(error instanceof PgQueuerError)) return next(error)
  const status = /INVALID|TOO_LARGE/.test(error.code) ? 400 : 503
  response.status(status).json({ code: error.code, error: error.message, remedy: error.remedy })
})

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  const { port } = server.address() as { port: number }
  console.log(`listening on http://127.0.0.1:${port}`)
})
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.close())
