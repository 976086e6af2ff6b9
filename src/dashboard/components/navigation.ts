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
]
