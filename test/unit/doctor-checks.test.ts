import { describe, expect, it } from "vitest"
import { checkRights, rolesOf } from "../../src/app/doctor/check-rights.js"
import { checkClock, checkServer } from "../../src/app/doctor/check-server.js"
import { checkTables, checkWraparound, estimateWraparound } from "../../src/app/doctor/check-tables.js"
import { checkTransactions } from "../../src/app/doctor/check-transactions.js"
import { checkWorkers } from "../../src/app/doctor/check-workers.js"
import { defaultPlacement } from "../../src/domain/names.js"
import type {
  RightReading,
  ServerReading,
  TableReading,
  TransactionReading,
  WraparoundReading,
} from "../../src/ports/health-store.js"
import type { WorkerRecord } from "../../src/ports/operation-store.js"

const hour = 3_600_000

describe("transactions", () => {
  it("are worse the longer they are idle, and come with the longest first", () => {
    const found = checkTransactions([
      session({ pid: 1, idleMs: 1_000, openMs: 50_000 }),
      session({ pid: 2, idleMs: 3_000, openMs: hour }),
      session({ pid: 3, idleMs: 2 * hour, openMs: 2 * hour }),
      session({ pid: 4, idleMs: 61_000, openMs: 61_000 }),
    ])
    expect(found.map(({ severity, command }) => [severity, command])).toEqual([
      ["error", "select pg_terminate_backend(3);"],
      ["warning", "select pg_terminate_backend(4);"],
      ["note", "select pg_terminate_backend(2);"],
    ])
  })

  it("that work may take longer", () => {
    const at = (openMs: number) => checkTransactions([session({ idleMs: null, state: "active", openMs })])
    expect([59_000, 60_000, 300_000, hour].map((openMs) => at(openMs)[0]?.severity)).toEqual([
      undefined,
      "note",
      "warning",
      "error",
    ])
    expect(at(hour)[0]).toMatchObject({ code: "long-transaction", since: expect.any(Date) })
  })

  it("of others are known by what they hold back, without the right to see them", () => {
    const unseen = { idleMs: null, openMs: null, since: null, state: null, application: null, client: null }
    const [found, ...rest] = checkTransactions([
      session({ ...unseen, pid: 8, age: 2_000_000 }),
      session({ ...unseen, age: 10 }),
    ])
    expect(rest).toEqual([])
    expect(found).toMatchObject({
      code: "long-transaction",
      severity: "warning",
      message:
        "Session 8 of ada (shop) has a transaction open; since when, this user may not see; vacuum cannot remove what the last 2,000,000 transactions deleted",
    })
  })

  it("are kept by slots and standbys, too", () => {
    const slot = session({ kind: "slot", name: "it's", state: "inactive", age: 60_000 })
    const standby = session({ kind: "standby", application: "replica", client: "10.0.0.9", age: 5_000_000 })
    expect(checkTransactions([slot, standby, { ...slot, age: 10 }, { ...standby, age: 10 }])).toMatchObject([
      { code: "replication-slot", severity: "note", command: "select pg_drop_replication_slot('it''s');" },
      {
        code: "standby-feedback",
        severity: "warning",
        message: expect.stringContaining(
          "The standby replica at 10.0.0.9 (pid 1, user ada) keeps, by hot_standby_feedback",
        ),
      },
    ])
    expect(checkTransactions([{ ...slot, state: "active" }])[0]?.command).toBeNull()
  })
})

describe("the server", () => {
  it("is sound as PostgreSQL comes", () => expect(checkServer(server())).toEqual([]))

  it.each([
    [{ versionNumber: 110_022, version: "11.22" }, "server-version", "error"],
    [{ readOnly: true }, "read-only", "error"],
    [{ connections: 88 }, "connections", "warning"],
    [{ connections: 97 }, "connections", "error"],
    [{ notificationQueue: 0.2 }, "notification-queue", "warning"],
    [{ notificationQueue: 0.6 }, "notification-queue", "error"],
    [{ seesSessions: false }, "unreadable", "note"],
    [{ settings: { zero_damaged_pages: "on" } }, "unsafe-setting", "error"],
  ] as const)("with %j is reported as %s, %s", (change, code, severity) => {
    expect(checkServer(server(change))).toMatchObject([{ code, severity }])
  })

  it("has a clock that may differ by a second, and by as long as the question took", () => {
    expect(checkClock(900, 1)).toEqual([])
    expect(checkClock(-4_000, 3_500)).toEqual([])
    expect(checkClock(-4_000, 10)).toMatchObject([
      { severity: "note", message: "The database's clock is 4.0 s behind this process's" },
    ])
    expect(checkClock(60_000, 10)).toMatchObject([
      { severity: "warning", message: expect.stringContaining("ahead of") },
    ])
  })
})

describe("wraparound", () => {
  it("is estimated from the pace of the past", () => {
    expect(estimateWraparound(wraparound({ age: 2 ** 30, transactionsPerDay: 2 ** 20 }))).toEqual({
      used: 0.5,
      daysLeft: 1_024,
    })
    expect(estimateWraparound(wraparound({ transactionsPerDay: null })).daysLeft).toBeNull()
    expect(estimateWraparound(wraparound({ age: 5, multixactAge: 2 ** 30 })).used).toBe(0.5)
  })

  it("is reported when autovacuum falls behind, with the table that is the oldest", () => {
    const check = (age: number, tables: readonly TableReading[] = []) =>
      checkWraparound(wraparound({ age }), tables, { autovacuum_freeze_max_age: "200000000" }, defaultPlacement)
    expect(check(300_000_000)).toEqual([])
    expect(check(500_000_000)).toMatchObject([
      { code: "wraparound", severity: "warning", command: "vacuumdb --freeze --dbname shop" },
    ])
    expect(
      check(1_700_000_000, [table({ frozenAge: 5 }), table({ name: "job", frozenAge: 1_699_000_000 })]),
    ).toMatchObject([
      {
        severity: "error",
        message: expect.stringMatching(/ 79 % are used in database shop; at the pace of the past not before \d+ days$/),
        command: "vacuum (freeze, verbose) pgqueuer.job;",
      },
    ])
  })
})

describe("tables", () => {
  const check = (change: Partial<TableReading>, settings = {}) =>
    checkTables([table(change)], settings, { schema: "s", prefix: "acme_" })

  it("are sound as they are installed", () => expect(check({})).toEqual([]))

  it("have bloat when an index kept the size of a peak", () => {
    const large = { indexBytes: 2 ** 30, liveRows: 1_000 }
    expect(check(large)).toMatchObject([
      {
        code: "bloat",
        severity: "warning",
        message: expect.stringContaining("1,024 MB for 1,000 rows"),
        command: "reindex table concurrently s.acme_watcher;",
      },
    ])
    expect(check({ ...large, liveRows: 1_000_000 })).toEqual([])
  })

  it("have too many dead rows by their own settings, or by the server's", () => {
    expect(
      check({ deadRows: 25_000, liveRows: 100_000, options: ["fillfactor=50", "autovacuum_vacuum_threshold=200"] }),
    ).toEqual([])
    expect(check({ deadRows: 25_000 })).toMatchObject([{ code: "dead-rows", severity: "warning" }])
    expect(check({ deadRows: 25_000, liveRows: 10_000 }, { autovacuum_vacuum_scale_factor: "1" })).toEqual([])
    expect(check({ deadRows: 2_000_000 })).toMatchObject([{ severity: "error" }])
  })

  it("are not vacuumed when autovacuum is off for the server", () => {
    expect(check({}, { autovacuum: "off", track_counts: "off" })).toMatchObject([
      { code: "autovacuum", severity: "error", message: "autovacuum is off for the whole server" },
      { code: "autovacuum", severity: "error", message: "track_counts is off for the whole server" },
    ])
  })

  it("of the history are set otherwise only when they are large", () => {
    const job = { name: "job", options: ["vacuum_truncate=off"] }
    expect(check({ ...job, liveRows: 900_000 })).toEqual([])
    expect(check({ ...job, liveRows: 1_100_000 })).toMatchObject([
      { code: "table-options", severity: "note", command: "pgq doctor --tune" },
    ])
  })

  it("may say the same option in other words", () => {
    expect(
      check({ name: "dedupe", options: ["vacuum_truncate=false", "autovacuum_vacuum_scale_factor=0.050"] }),
    ).toEqual([])
  })
})

describe("rights", () => {
  const rights = (...held: readonly (readonly [role: string, right: string, held: boolean])[]): RightReading[] =>
    held.map(([role, right, has]) => ({ role, right, held: has }))

  it("make a role when all are there", () => {
    expect(rolesOf(rights(["a", "x", true], ["a", "y", true], ["b", "z", false]))).toEqual(["a"])
  })

  it("of another role are no matter, unless they were begun", () => {
    const viewer = rights(["viewer", "select on s.job", true], ["worker", "select on s.job", true])
    expect(checkRights([...viewer, ...rights(["worker", "delete on s.job", false])], "ada", undefined)).toEqual([])
    const begun = rights(["worker", "delete on s.job", true], ["worker", "insert on s.new", false])
    expect(checkRights([...viewer, ...begun], "Ada", undefined)).toMatchObject([
      {
        severity: "note",
        message: "Ada lacks rights of the role worker: insert on s.new",
        command: 'grant insert on s.new to "Ada";',
      },
    ])
  })

  it("to read more than is needed begin no role, and are near the one that lacks least", () => {
    const reader = rights(
      ["viewer", "select on s.job", true],
      ["worker", "select on s.claim", true],
      ["worker", "insert on s.job", false],
    )
    expect(checkRights(reader, "ada", undefined)).toEqual([])
    const nearly = rights(["viewer", "select on s.failure", false])
    expect(checkRights([...reader, ...nearly], "ada", undefined)).toMatchObject([
      { message: "ada lacks rights of the role viewer: select on s.failure" },
    ])
  })

  it("that are missing are granted for each object at once", () => {
    const lacked = [
      "insert on s.a",
      "update (x) on s.a",
      "update (y) on s.a",
      "usage on sequence s.a_id",
      "select on s.b",
    ]
    const [found] = checkRights(rights(...lacked.map((right) => ["worker", right, false] as const)), 'a"da', "worker")
    expect(found!.command).toBe(
      'grant insert, update (x, y) on s.a to "a""da"; grant usage on sequence s.a_id to "a""da"; grant select on s.b to "a""da";',
    )
  })

  it("of a role that was asked for are missed as errors; and somebody without any is told", () => {
    const none = rights(["viewer", "select on s.job", false])
    expect(checkRights(none, "ada", "viewer")).toMatchObject([{ severity: "error", code: "missing-right" }])
    expect(checkRights(none, "ada", undefined)).toMatchObject([
      { severity: "warning", message: "ada has no right on the tables" },
    ])
  })
})

describe("workers", () => {
  it("that hold jobs and are silent are an error when nobody is there to take over", () => {
    const silent = worker({ id: "1", state: "silent", silentMs: hour, holds: { a: 2 } })
    expect(checkWorkers([silent], new Date())).toMatchObject([{ severity: "error", code: "silent-worker" }])
    expect(checkWorkers([silent, worker({ id: "2" })], new Date())).toMatchObject([{ severity: "warning" }])
  })
})

function session(change: Partial<TransactionReading>): TransactionReading {
  return {
    kind: "session",
    name: null,
    pid: 1,
    user: "ada",
    application: "",
    client: null,
    database: "shop",
    state: "idle in transaction",
    since: new Date(),
    openMs: 0,
    idleMs: 0,
    age: null,
    ...change,
  }
}

function server(change: Partial<ServerReading> = {}): ServerReading {
  return {
    version: "18.4",
    versionNumber: 180_004,
    user: "ada",
    database: "shop",
    time: new Date(),
    readOnly: false,
    seesSessions: true,
    connections: 5,
    mostConnections: 97,
    notificationQueue: 0,
    settings: { fsync: "on", full_page_writes: "on", synchronous_commit: "on" },
    overrides: [],
    ...change,
  }
}

function table(change: Partial<TableReading>): TableReading {
  return {
    name: "watcher",
    unlogged: false,
    lostPrimaryKey: false,
    options: ["fillfactor=50", "autovacuum_vacuum_threshold=200"],
    comment: null,
    tableBytes: 0,
    indexBytes: 0,
    liveRows: 0,
    deadRows: 0,
    vacuumedAt: null,
    analyzedAt: null,
    frozenAge: 0,
    ...change,
  }
}

function wraparound(change: Partial<WraparoundReading>): WraparoundReading {
  return { database: "shop", age: 0, multixactAge: 0, transactionsPerDay: 1_000_000, ...change }
}

function worker(change: Partial<WorkerRecord>): WorkerRecord {
  return {
    id: "1",
    host: "far",
    pid: 7,
    version: "1.0.0",
    entrypoints: ["a"],
    startedAt: new Date(),
    heartbeatAt: new Date(),
    stoppedAt: null,
    state: "running",
    silentMs: 0,
    vitals: null,
    holds: {},
    ...change,
  }
}
