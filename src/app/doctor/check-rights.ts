import type { RightReading } from "../../ports/health-store.js"
import { type Finding, finding } from "./diagnosis.js"

const reference = "docs/reference/privileges.md"

/** The roles of which a user has every right. */
export function rolesOf(rights: readonly RightReading[]): readonly string[] {
  return namesOf(rights).filter((role) => rights.every((right) => right.role !== role || right.held))
}

/**
 * What the user lacks: of the role that it shall play; or, where none is named, of those that it can play nearly. After an upgrade that is what
 * tells of new tables.
 */
export function checkRights(
  rights: readonly RightReading[],
  user: string,
  wanted: string | undefined,
): readonly Finding[] {
  if (wanted !== undefined) return lacking(rights, user, wanted, "error")
  const whole = rolesOf(rights)
  const found = begunRoles(rights, whole).flatMap((role) => lacking(rights, user, role, "note"))
  if (whole.length > 0 || found.length > 0) return found
  const message = `${user} has no right on the tables`
  const remedy = `Grant it what its role needs, as the owner of the tables: ${reference}.`
  return [finding("warning", "missing-right", message, remedy)]
}

/**
 * The roles of which the user may write something that no role needs which it can play. Who only reads may read more than is needed, and begins
 * none by that; without any role it is near the one that lacks least.
 */
function begunRoles(rights: readonly RightReading[], whole: readonly string[]): readonly string[] {
  const explained = new Set(rights.filter(({ role }) => whole.includes(role)).map(({ right }) => right))
  const extra = rights.filter(({ held, right }) => held && !explained.has(right))
  const begun = namesOf(extra.filter(({ right }) => !/^(select|usage on schema)\b/.test(right)))
  if (begun.length > 0 || whole.length > 0) return begun
  const missing = (role: string) => rights.filter((right) => right.role === role && !right.held).length
  return [...namesOf(extra)].sort((a, b) => missing(a) - missing(b)).slice(0, 1)
}

function lacking(
  rights: readonly RightReading[],
  user: string,
  role: string,
  severity: "error" | "note",
): readonly Finding[] {
  const missing = rights.filter((right) => right.role === role && !right.held).map(({ right }) => right)
  if (missing.length === 0) return []
  const message = `${user} lacks rights of the role ${role}: ${missing.slice(0, 10).join(", ")}${missing.length > 10 ? ` and ${missing.length - 10} more` : ""}`
  const remedy = `If it shall play that role, run its block again, as the owner of the tables: ${reference}.`
  const command = grantsOf(missing, `"${user.replaceAll('"', '""')}"`)
  return [finding(severity, "missing-right", message, remedy, { command })]
}

/** One grant for each object. A right reads `insert on a.b`, `update (c) on a.b` or `usage on sequence a.b`. */
function grantsOf(rights: readonly string[], user: string): string {
  const byObject = new Map<string, string[]>()
  for (const right of rights) {
    const [what, object] = right.split(/ on (.*)/s) as [string, string]
    byObject.set(object, [...(byObject.get(object) ?? []), what])
  }
  return [...byObject].map(([object, what]) => `grant ${joinColumns(what)} on ${object} to ${user};`).join(" ")
}

/** `update (a)` and `update (b)` are `update (a, b)`. */
function joinColumns(rights: readonly string[]): string {
  const columns = new Map<string, string[]>()
  for (const right of rights) {
    const [kind, column] = right.split(/ \((.*)\)$/s) as [string, string | undefined]
    columns.set(kind, [...(columns.get(kind) ?? []), ...(column === undefined ? [] : [column])])
  }
  return [...columns].map(([kind, names]) => (names.length === 0 ? kind : `${kind} (${names.join(", ")})`)).join(", ")
}

function namesOf(rights: readonly RightReading[]): readonly string[] {
  return [...new Set(rights.map(({ role }) => role))]
}
