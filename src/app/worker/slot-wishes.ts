import type { SlotRequest } from "../../ports/limit-store.js"
import type { Capacity, Gate } from "./gate.js"
import { fastRate, patientStarts } from "./start-times.js"

/** Slots that nothing has filled for so long are given back: other workers may have jobs for them. */
const idleMs = 200
/** The same where jobs wait, and this worker has no room for them. */
const fullMs = 20

/** What a worker asks for one of its gates, or gives back; undefined for nothing. */
export function wishOf(gate: Gate, capacity: Capacity, now: number, closed: boolean): SlotRequest | undefined {
  if (!gate.limited) return undefined
  const eager = isEager(gate) && !closed
  const wish: SlotRequest = {
    entrypoint: gate.entrypoint,
    held: gate.held,
    spare: gate.spare,
    returned: idlesTooLong(gate, capacity.full || closed, now) ? gate.spare : 0,
    ...slotsFor(gate, capacity, eager),
    ...startsFor(gate, capacity, now, eager),
  }
  const isOver = gate.over > 0 && gate.spare > 0
  const asks = wish.needed > 0 || wish.ahead > 0 || wish.returned > 0 || wish.starts > 0
  return asks || isOver || gate.lease === undefined ? wish : undefined
}

/** When a gate may have another wish, by the clock of this process; Infinity when something has to happen first. */
export function nextWishAt(gate: Gate, now: number): number {
  const idle = gate.idleSince === undefined ? Number.POSITIVE_INFINITY : gate.idleSince + patienceMs(gate)
  const asksAgain = gate.askAgainAt > now && (gate.hungry || gate.line.size > 0)
  return Math.min(idle, asksAgain ? gate.askAgainAt : Number.POSITIVE_INFINITY)
}

function slotsFor(gate: Gate, { now, ahead }: Capacity, eager: boolean) {
  if (!eager || gate.rule.concurrencyLimit === null || gate.refused) return { needed: 0, ahead: 0 }
  const { spare } = gate
  return { needed: Math.max(0, now - spare), ahead: Math.max(0, ahead - Math.max(0, spare - now)) }
}

function startsFor(gate: Gate, capacity: Capacity, now: number, eager: boolean) {
  const { requestsPerSecond, paused } = gate.rule
  const waiting = gate.line.size
  if (requestsPerSecond === null || paused || now < gate.askAgainAt || (!eager && waiting === 0)) {
    return { starts: 0, waiting: 0 }
  }
  // Claims that are under way will use up some of them.
  const have = gate.starts.count(now, requestsPerSecond) - gate.asked
  const room = waiting + (eager ? capacity.now + capacity.ahead : 0)
  const want = requestsPerSecond < fastRate ? room : Math.min(room, patientStarts(requestsPerSecond))
  return { starts: Math.max(0, want - have), waiting: Math.max(0, waiting - have) }
}

/** Also notes since when. */
function idlesTooLong(gate: Gate, full: boolean, now: number): boolean {
  if (gate.spare === 0 || (isEager(gate) && !full)) {
    gate.idleSince = undefined
    return false
  }
  gate.idleSince ??= now
  return now - gate.idleSince >= patienceMs(gate)
}

function patienceMs(gate: Gate): number {
  return isEager(gate) ? fullMs : idleMs
}

function isEager(gate: Gate): boolean {
  return gate.hungry && !gate.rule.paused
}
