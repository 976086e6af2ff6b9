import { createServer, type Socket } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { pgq, startPgq } from "../support/command-line.js"

const unreachable = "postgres://joe:geheim@127.0.0.1:1/db"

test.for([
  [["instal"], "did you mean install?"],
  [["jobs", "--limt", "5"], "did you mean --limit?"],
  [["jobs", "--status", "sucessful"], "did you mean successful?"],
  [["jobs", "--limit", "0"], "--limit is out of range"],
  [["run", "x.ts:main", "--mode", "drian"], "did you mean drain?"],
  [["run", "x.ts:main", "--shutdown-timeout", "30"], "did you mean 30s?"],
  [["run", "x.ts:main", "--max-concurrent-tasks", "many"], "--max-concurrent-tasks is not a whole number"],
  [["run", "x.ts:main", "--entrypoints", "a,,b"], "--entrypoints has an empty name"],
  [["queue"], "missing required argument 'entrypoint'"],
  [["queue", "mail", "1", "2"], "too many arguments"],
  [["queue", "mail", "--header", "trace"], "--header is not of the form name=value"],
  [["queue", "mail", "--priority", "1.5"], "--priority is not a whole number"],
  [["stats", "--since", "soon"], "--since is not a duration"],
  [["dashboard", "--intervall", "5"], "did you mean --interval?"],
  [["dashboard", "--interval", "0.5"], "--interval is out of range"],
  [["dashboard", "--interval", "soon"], "--interval is not a duration"],
  [["dashboard", "--tail", "0"], "--tail is out of range"],
  [["dashboard", "--table-format", "gird"], "did you mean grid?"],
  [["jobs", "--embedded", "--dsn", unreachable], "name two databases"],
] as const)("refuses `pgq %j` as wrong usage", async ([args, expected]) => {
  const { code, stdout, stderr } = await pgq(args)
  expect(stderr).toContain(expected)
  expect(stderr).toMatch(/^pgq: .* \(PGQ_USAGE\)\n {2}\S.*\n$/)
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
})

test.for([
  ["host=db dbname=shop user=joe password=geheim", "postgres://joe:"],
  ["mysql://joe:geheim@host/db", "mysql://, which is not PostgreSQL"],
  ["postgres://joe:ge heim@host/db", "white space"],
  ["postgres:///db", "names no host"],
  ["postgres://joe:geheim#1@host/db", "percent-encoded"],
] as const)("refuses the connection string %s without showing its password", async ([dsn, expected]) => {
  const given = await pgq(["jobs", "--dsn", dsn])
  expect(given.stderr).toContain("(PGQ_CONNECTION_INVALID)")
  expect(given.stderr).toContain(expected)
  expect(given.stderr).not.toContain("heim")
  expect(given.code).toBe(2)
})

test("names DATABASE_URL when that is what is wrong", async () => {
  const { stderr } = await pgq(["jobs"], { environment: { DATABASE_URL: "host=db password=geheim" } })
  expect(stderr).toContain("DATABASE_URL has the form keyword=value")
  expect(stderr).not.toContain("geheim")
})

test("says that no database answers, on two lines and without the password", async () => {
  const { code, stdout, stderr } = await pgq(["jobs", "--dsn", unreachable])
  expect(stderr).toMatch(/^pgq: .*ECONNREFUSED.* \(PGQ_CONNECTION_FAILED\)\n {2}\S.*\n$/)
  expect(stderr).not.toContain("geheim")
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
})

test("shows stacks with --debug, and no password in them", async () => {
  const { stderr } = await pgq(["jobs", "--dsn", unreachable, "--debug"])
  expect(stderr).toContain("caused by: ")
  expect(stderr).toContain("    at ")
  expect(stderr).not.toContain("geheim")
})

test("says how to name a database when none is named", async () => {
  const { stderr } = await pgq(["jobs"], { environment: { PGUSER: "" } })
  // A server may listen on the usual port of this machine: then it is another failure.
  if (stderr.includes("ECONNREFUSED")) expect(stderr).toContain("set DATABASE_URL")
  expect(stderr).not.toBe("")
})

test("gives up on a server that never answers within 10 seconds", async () => {
  const port = await silentServer()
  const begin = performance.now()
  const { code, stderr } = await pgq(["verify", "--dsn", `postgres://joe@127.0.0.1:${port}/db`])
  expect(performance.now() - begin).toBeLessThan(10_000)
  expect(stderr).toContain("(PGQ_CONNECTION_FAILED)")
  expect(code).toBe(1)
})

test.for(["{bad", "hello", ""])("refuses the payload %j and shows how to quote", async (payload) => {
  const { code, stderr } = await pgq(["queue", "mail", payload, "--dsn", unreachable])
  expect(stderr).toContain("(PGQ_PAYLOAD_INVALID)")
  expect(stderr).toContain(`'{"user": 7}'`)
  expect(code).toBe(2)
})

test.for(["Robert'); drop table job;--", "select", "a b"])("refuses the schema name %j", async (schema) => {
  const { code, stderr } = await pgq(["install", "--dry-run", "--schema", schema])
  expect(stderr).toContain("(PGQ_NAME_INVALID)")
  expect(code).toBe(2)
})

test("explains itself: help on stdout with exit code 0, on stderr with 2 when a command is missing", async () => {
  const [asked, missing, version] = await Promise.all([pgq(["run", "--help"]), pgq([]), pgq(["--version"])])
  expect(asked.stdout).toContain("--shutdown-timeout")
  expect(asked.stdout).toContain("--dsn")
  expect(asked.code).toBe(0)
  expect(missing.stderr).toContain("Usage: pgq")
  expect(missing.code).toBe(2)
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
})

test("does not mind a reader that has gone", async () => {
  const started = startPgq(["install", "--dry-run"])
  started.process.stdout?.destroy()
  const { code, stderr } = await started.finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
})

/** A TCP server that takes connections and says nothing. */
async function silentServer(): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as { port: number }).port
}
