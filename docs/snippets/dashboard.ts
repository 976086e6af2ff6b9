import { createServer } from "node:http"
import { Pool } from "pg"
import { createDashboard, nodeHandler } from "pgqueuer/dashboard"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()

/** Your own way to know who asks. */
async function userOf(request: Request): Promise<{ email: string; isAdmin: boolean } | null> {
  const email = request.headers.get("x-user")
  return email === null ? null : { email, isAdmin: email === "ann@example.com" }
}

export const dashboard = createDashboard(new PgPoolDriver(pool), {
  basePath: "/queue",
  authorize: async (request) => {
    const user = await userOf(request)
    return user === null ? null : { name: user.email, role: user.isAdmin ? "admin" : "viewer" }
  },
  write: true,
  redact: ["password"],
})

createServer(nodeHandler(dashboard)).listen(Number(process.env["PORT"] ?? 8_080), "127.0.0.1")
