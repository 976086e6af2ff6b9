import fc from "fast-check"
import { expect, it } from "vitest"
import { isFinal, mayMove, type Status, statuses } from "../../src/domain/status.js"

const anyStatus = fc.constantFrom(...statuses)

it("knows the eight public words and no other", () => {
  expect([...statuses].sort()).toEqual([
    "canceled",
    "deferred",
    "deleted",
    "exception",
    "failed",
    "picked",
    "queued",
    "successful",
  ])
})

it("lets nothing move out of an end", () => {
  fc.assert(fc.property(anyStatus, anyStatus, (from, to) => !(isFinal(from) && mayMove(from, to))))
})

it("starts a run only from the line, and ends one only while a worker holds it", () => {
  const before = (to: Status) => statuses.filter((from) => mayMove(from, to))
  expect(before("picked")).toEqual(["queued"])
  expect(before("successful")).toEqual(["picked"])
  expect(before("exception")).toEqual(["picked"])
  expect(before("failed")).toEqual(["picked"])
})

it("reaches an end from everywhere", () => {
  const reaches = (from: Status, seen = new Set<Status>()): boolean => {
    if (isFinal(from)) return true
    seen.add(from)
    return statuses.some((to) => mayMove(from, to) && !seen.has(to) && reaches(to, seen))
  }
  for (const status of statuses) expect(reaches(status), status).toBe(true)
})

it("never stands still by a move", () => {
  for (const status of statuses) expect(mayMove(status, status), status).toBe(false)
})
