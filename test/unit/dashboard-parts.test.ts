import { expect, test } from "vitest"
import { hexLines } from "../../src/dashboard/components/value-view.js"
import { shareOf } from "../../src/dashboard/pages/job/progress.js"
import { momentsOf } from "../../src/dashboard/pages/job/timeline.js"
import { matchPath } from "../../src/dashboard/path-match.js"
import { hidden, makeRedactor } from "../../src/dashboard/redactor.js"
import { credentialsOf } from "../../src/dashboard/security/credentials.js"
import { LoginLimit } from "../../src/dashboard/security/login-limit.js"
import { Sessions, sessionMs } from "../../src/dashboard/security/sessions.js"
import { Signature } from "../../src/dashboard/security/signature.js"
import type { JobRecord } from "../../src/domain/job.js"

test("takes fields out by name, wherever they are, and by path only there", () => {
  const { value } = makeRedactor(["password", "user.card"])
  expect(
    value({
      password: "a",
      user: { card: { number: 1 }, name: "Ann", Password: "b" },
      card: "stays",
      items: [{ user: { card: 2 } }, { password: null }],
    }),
  ).toEqual({
    password: hidden,
    user: { card: hidden, name: "Ann", Password: hidden },
    card: "stays",
    items: [{ user: { card: hidden } }, { password: hidden }],
  })
})

test("takes hidden values out of texts, and passwords of connection strings", () => {
  const { text } = makeRedactor(["token"])
  const payload = { deep: [{ token: { is: "abcd1234" } }, { token: 987654 }, { token: "x" }] }
  expect(text("sent abcd1234 and 987654 to x at postgres://a:b@c/d", [payload])).toBe(
    `sent ${hidden} and ${hidden} to x at postgres://a:***@c/d`,
  )
})

test("shows bytes in lines of sixteen, with the text beside them", () => {
  expect(hexLines(new TextEncoder().encode("PGQueuer, a queue\n"))).toBe(
    [
      "000000  50 47 51 75 65 75 65 72 2c 20 61 20 71 75 65 75  PGQueuer, a queu",
      `000010  65 0a${" ".repeat(42)}  e·`,
    ].join("\n"),
  )
})

test.each([
  [0.4, 0.4],
  [40, 0.4],
  [{ done: 3, of: 4 }, 0.75],
  [{ done: 1, total: 2 }, 0.5],
  [{ done: 5, of: 4 }, undefined],
  ["half", undefined],
  [-1, undefined],
  [null, undefined],
])("reads a progress of %j as the share %s", (value, share) => {
  expect(shareOf(value)).toBe(share)
})

test("tells the moves of a job in their order", () => {
  const at = (seconds: number) => new Date(Date.UTC(2030, 0, 1) + seconds * 1_000)
  const job = {
    status: "successful",
    attempt: 2,
    createdAt: at(0),
    executeAfter: at(10),
    startedAt: at(11),
    finishedAt: at(12),
    worker: { id: "7", host: "vm", pid: 1 },
  } as JobRecord
  const failures = [{ attempt: 1, failedAt: at(5), workerId: "6", error: "bad", traceback: null }]
  expect(momentsOf(job, failures, at(20)).map(({ text }) => text)).toEqual([
    "enqueued",
    "attempt 1 failed on worker 6",
    "attempt 2 due",
    "attempt 2 taken by worker 7",
    "ended as successful",
  ])
})

test("matches paths by their parts, decoded, and nothing that is no path", () => {
  expect(matchPath("/jobs/:id", "/jobs/a%2Fb")).toEqual({ id: "a/b" })
  expect(matchPath("/jobs/:id", "/jobs/")).toBeUndefined()
  expect(matchPath("/jobs/:id", "/jobs/%zz")).toBeUndefined()
  expect(matchPath("/jobs/:id", "/jobs/1/2")).toBeUndefined()
})

test("ends a session after its time, and when its person logs out", () => {
  let now = 1_000
  const sessions = new Sessions(new Signature("of a test"), () => now)
  const person = { name: "ann", role: "operator" } as const
  const [first, second] = [sessions.begin(person), sessions.begin(person)]
  expect(sessions.find(first)).toEqual(person)
  sessions.end(first)
  expect(sessions.find(first)).toBeUndefined()
  expect(sessions.find(second)).toEqual(person)
  now += sessionMs
  expect(sessions.find(second)).toBeUndefined()
})

test("takes no session that was signed for another use, by another secret, or that was changed", () => {
  const signature = new Signature("of a test")
  const sessions = new Sessions(signature, () => 0)
  const cookie = sessions.begin({ name: "ann", role: "viewer" })
  const body = cookie.slice(0, cookie.lastIndexOf("."))
  const admin = Buffer.from(JSON.stringify({ id: "x", name: "ann", role: "admin", until: 1e15 })).toString("base64url")
  for (const forged of [
    signature.sign("form", body),
    new Signature("another").sign("session", body),
    `${admin}.${cookie.slice(cookie.lastIndexOf(".") + 1)}`,
    body,
    "",
    ".",
  ])
    expect(sessions.find(forged)).toBeUndefined()
})

test("lets nobody in by a wrong name, password or token", () => {
  const credentials = credentialsOf({ users: [{ name: "ann", password: "secret", role: "viewer" }], token: "t0ken" })
  expect(credentials.find("ann", "secret")).toEqual({ name: "ann", role: "viewer" })
  expect(credentials.findByToken("t0ken")).toEqual({ name: "token", role: "admin" })
  for (const [name, password] of [
    ["ann", ""],
    ["ann", "Secret"],
    ["ben", "secret"],
    ["", "t0ken"],
  ] as const)
    expect(credentials.find(name, password)).toBeUndefined()
  expect(credentials.findByToken("")).toBeUndefined()
  expect(() => credentialsOf({})).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
})

test("lets an address try ten times in five minutes, and others meanwhile", () => {
  let now = 0
  const limit = new LoginLimit(() => now)
  for (let count = 0; count < 10; count++) {
    expect(limit.waitSeconds("a")).toBe(0)
    limit.failed("a")
  }
  expect(limit.waitSeconds("a")).toBe(300)
  expect(limit.waitSeconds("b")).toBe(0)
  now = 300_001
  expect(limit.waitSeconds("a")).toBe(0)
})
