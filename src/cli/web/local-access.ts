import type { DashboardOptions, Person } from "../../dashboard/index.js"

const person: Person = { name: process.env["USER"] || "local", role: "admin" }

/** Everybody on this machine, and nobody else: a browser must name it so. */
export const localAccess: Partial<DashboardOptions> = {
  authorize: () => person,
  hosts: ["localhost", "127.0.0.1", "[::1]"],
}
