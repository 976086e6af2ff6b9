import type { IconName } from "./icon.js"

export interface NavigationItem {
  readonly path: string
  readonly label: string
  readonly icon: IconName
  /** Behind `g`, the key that leads there. */
  readonly key: string
}

/** The pages of the navigation, in its order. */
export const navigation: readonly NavigationItem[] = [
  { path: "/", label: "Overview", icon: "overview", key: "o" },
  { path: "/jobs", label: "Jobs", icon: "jobs", key: "j" },
  { path: "/entrypoints", label: "Entrypoints", icon: "entrypoints", key: "e" },
  { path: "/failures", label: "Failures", icon: "failures", key: "f" },
  { path: "/schedules", label: "Schedules", icon: "schedules", key: "s" },
  { path: "/workers", label: "Workers", icon: "workers", key: "w" },
  { path: "/database", label: "Database", icon: "database", key: "d" },
  { path: "/audit", label: "Audit", icon: "audit", key: "a" },
]
