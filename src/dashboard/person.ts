/** `viewer` looks · `operator` acts on jobs and schedules · `admin` also pauses, sets limits and stops workers. */
export type Role = "viewer" | "operator" | "admin"

/** Who looks at the dashboard. */
export interface Person {
  /** As it is recorded with each action. */
  readonly name: string
  readonly role: Role
}

export const roles = ["viewer", "operator", "admin"] as const satisfies readonly Role[]

/** Whether a role may do what takes another one. */
export function reaches(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}

/** Whether this is what a callback may answer. */
export function isPerson(value: unknown): value is Person {
  const { name, role } = Object(value) as Record<string, unknown>
  return typeof name === "string" && name !== "" && roles.includes(role as Role)
}
