import { expect, it, vi } from "vitest"
import { ClaimRegister } from "../../src/app/worker/claim-register.js"
import type { Connection } from "../../src/app/worker/connection.js"
import type { Exchanger } from "../../src/app/worker/exchanger.js"
import { Heartbeat } from "../../src/app/worker/heartbeat.js"
import type { Beat, WorkerStore } from "../../src/ports/worker-store.js"
import { FakeClock } from "../support/fake-clock.js"

/** A heartbeat whose database answers with the claims that the test names, after what the test does meanwhile. */
function makeHeartbeat(heartbeatTimeoutMs = 30_000) {
  const clock = new FakeClock()
  const register = new ClaimRegister()
  const database = { tokens: [] as string[], alive: true, meanwhile: () => {} }
  const beat = vi.fn(async (): Promise<Beat> => {
    database.meanwhile()
    const { alive, tokens } = database
    return {
      alive,
      draining: false,
      tokens,
      stopIds: [],
      staleInMs: null,
      orphans: false,
      suspects: false,
      dueInMs: null,
      expiresInMs: null,
      rules: null,
    }
  })
  const connection = { use: (work: (store: WorkerStore) => unknown) => work({ beat } as never) } as Connection
  const exchanger = { progress: { newest: 0, oldestUnderWay: 1 } }
  const heard = {
    onDead: vi.fn(),
    onSilence: vi.fn(),
    onBeat: vi.fn(),
    onUnknownClaims: vi.fn(async (_: readonly string[]) => {}),
    onFailure: vi.fn(),
  }
  const heartbeat = new Heartbeat({
    vitals: () => ({}) as never,
    ...heard,
    clock,
    duties: { clock, random: () => 0, onFailure: heard.onFailure },
    connection,
    register,
    exchanger: exchanger as unknown as Exchanger,
    heartbeatTimeoutMs,
    workerId: () => "1",
    held: () => 0,
  })
  return { clock, register, database, beat, exchanger, heartbeat, ...heard }
}

it("does not take a claim for unknown whose exchange went out after the beat, and has not returned", async () => {
  const { clock, database, exchanger, heartbeat, onUnknownClaims } = makeHeartbeat()
  database.meanwhile = () => {
    exchanger.progress = { newest: 1, oldestUnderWay: 1 }
    database.tokens = ["7"]
  }
  heartbeat.start()
  await clock.advance(0)
  expect(onUnknownClaims).not.toHaveBeenCalled()
})

it("finds a claim whose exchange has returned without it, at the next beat at the latest", async () => {
  const { clock, database, exchanger, heartbeat, onUnknownClaims } = makeHeartbeat()
  exchanger.progress = { newest: 1, oldestUnderWay: 1 }
  database.tokens = ["7"]
  heartbeat.start()
  await clock.advance(0)
  expect(onUnknownClaims).not.toHaveBeenCalled()
  exchanger.progress = { newest: 5, oldestUnderWay: 4 }
  await clock.advance(1_000)
  expect(onUnknownClaims).toHaveBeenCalledWith(["7"])
})

it("leaves a claim alone that came to be known", async () => {
  const { clock, database, register, exchanger, heartbeat, onUnknownClaims } = makeHeartbeat()
  exchanger.progress = { newest: 1, oldestUnderWay: 1 }
  database.tokens = ["7"]
  heartbeat.start()
  await clock.advance(0)
  register.add("7")
  exchanger.progress = { newest: 1, oldestUnderWay: 2 }
  await clock.advance(20_000)
  expect(onUnknownClaims).not.toHaveBeenCalled()
})

it.each([1_000, 2_000, 5_000, 9_999, 30_000])("beats in time with a timeout of %d ms", async (timeoutMs) => {
  const { clock, beat, heartbeat, onFailure, onSilence } = makeHeartbeat(timeoutMs)
  heartbeat.start()
  await clock.advance(timeoutMs * 10)
  expect(onFailure).not.toHaveBeenCalled()
  expect(onSilence).not.toHaveBeenCalled()
  expect(beat.mock.calls.length).toBeGreaterThanOrEqual(20)
})

it("falls silent after two thirds of the timeout without an answer", async () => {
  const { clock, database, heartbeat, onSilence } = makeHeartbeat(3_000)
  heartbeat.start()
  await clock.advance(0)
  database.meanwhile = () => {
    throw new Error("away")
  }
  await clock.advance(1_999)
  expect(onSilence).not.toHaveBeenCalled()
  await clock.advance(1)
  expect(onSilence).toHaveBeenCalledTimes(1)
})

it("says when the database takes this worker for dead", async () => {
  const { clock, database, heartbeat, onDead } = makeHeartbeat()
  database.alive = false
  heartbeat.start()
  await clock.advance(0)
  expect(onDead).toHaveBeenCalledWith("1")
})

it("beats within the short pause of the last beat once jobs are held, though the long one had begun", async () => {
  const { clock, beat, heartbeat } = makeHeartbeat()
  heartbeat.start()
  await clock.advance(100)
  heartbeat.quicken()
  await clock.advance(699)
  expect(beat).toHaveBeenCalledTimes(1)
  await clock.advance(1)
  expect(beat).toHaveBeenCalledTimes(2)
})

it("tells the age of the last beat that was answered, and whether the last try failed", async () => {
  const { clock, database, heartbeat } = makeHeartbeat(3_000)
  heartbeat.start()
  await clock.advance(300)
  expect([heartbeat.ageMs, heartbeat.isFailing]).toEqual([300, false])
  const { meanwhile } = database
  database.meanwhile = () => {
    throw new Error("away")
  }
  await clock.advance(1_700)
  expect([heartbeat.ageMs, heartbeat.isFailing]).toEqual([2_000, true])
  database.meanwhile = meanwhile
  await clock.advance(500)
  expect(heartbeat.isFailing).toBe(false)
  expect(heartbeat.ageMs).toBeLessThanOrEqual(500)
})
