import type { RightReading } from "../../ports/health-store.js"
import { type Finding, finding } from "./diagnosis.js"

const reference = "docs/reference/privileges.md"

/** The roles of which a user has every right. */
export function rolesOf(rights: readonly RightReading[]): readonly string[] {
  return namesOf(rights).filter((role) => rights.every((right) => right.role !== role || right.held))
}

/**
 * What the user lacks: of the role that it shall play; or, where none is named, of those that it can play nearly: it has rights
 * of theirs that no role needs which it can play. After an upgrade that is what tells of new tables.
 */
export function checkRights(
  rights: readonly RightReading[],
  user: string,
  wanted: string | undefined,
): readonly Finding[] {
  if (wanted !== undefined) return lacking(rights, user, wanted, "error")
  const whole = rolesOf(rights)
  const explained = new Set(rights.filter(({ role }) => whole.includes(role)).map(({ right }) => right))
  const begun = namesOf(rights)
    .filter((role) => !whole.includes(role))
    .filter((role) => rights.some((right) => right.role === role && right.held && !explained.has(right.right)))
  const found = begun.flatMap((role) => lacking(rights, user, role, "note"))
  if (whole.length > 0 || found.length > 0) return found
  const message = `${user} has no right on the tables`
  const remedy = `Grant it what its role needs, as the owner of the tables: ${reference}.`
  return [finding("warning", "missing-right", message, remedy)]
}

function lacking(
  rights: readonly RightReading[],
  user: string,
  role: string,
  severity: "error" | "note",
): readonly Finding[] {
  const missing = rights.filter((right) => right.role === role && !right.held).map(({ right }) => right)
  if (missing.length === 0) return []
  const message = `${user} lacks rights that a ${role} needs: ${missing.slice(0, 10).join(", ")}${missing.length > 10 ? ` and ${missing.length - 10} more` : ""}`
  const remedy = `If it shall be a ${role}, run as the owner of the tables the block of that role again: ${reference}.`
  const command = missing.map((right) => `grant ${right} to "${user.replaceAll('"', '""')}";`).join(" ")
  return [finding(severity, "missing-right", message, remedy, { command })]
}

function namesOf(rights: readonly RightReading[]): readonly string[] {
  return [...new Set(rights.map(({ role }) => role))]
}
