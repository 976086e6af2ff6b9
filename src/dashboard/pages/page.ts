import type { AnyPage, Page } from "../route.js"

/** A page of the table: its own data type is checked here, and forgotten behind it. */
export function page<D>(definition: Page<D>): AnyPage {
  return definition as AnyPage
}
