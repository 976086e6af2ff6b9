import type { HtmlEscapedString } from "hono/utils/html"
import type { Person, Role } from "./person.js"
import type { Site } from "./site.js"

/** Everything that can be asked of the dashboard is one of these, in the table of `routes.ts`. */
export interface Route {
  readonly method: "GET" | "POST"
  /** Below the base path; `:name` stands for one part of it. */
  readonly path: string
  /** `nobody`: who has not logged in may ask it, too. */
  readonly needs: Role | "nobody"
  /** Whether it changes what is in the database: refused while the dashboard is read-only. */
  readonly acts: boolean
  handle(visit: Visit): Response | Promise<Response>
}

/** What of a request decides what is read: two viewers with the same question share the answer. */
interface Question {
  readonly site: Site
  /** The path below the base path. */
  readonly path: string
  /** The parts of the path that the route names. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
}

/** A question, and who asks it. */
export interface Viewing extends Question {
  readonly person: Person
  /** For every form, against requests that other sites make in the viewer's name. */
  readonly formToken: string
  /** Whether the person may do what takes this role, and the dashboard is not read-only. */
  mayAct(role: Exclude<Role, "viewer">): boolean
}

/** One request. */
export interface Visit extends Viewing {
  readonly request: Request
  /** What was sent with a POST; empty for a GET. */
  readonly form: URLSearchParams
  /** Where it comes from, as far as that is known. */
  readonly address: string | undefined
  readonly theme: Theme
  /** What the last action said, once. */
  readonly notice: Notice | undefined
}

/** Makes each page's type one: what a page loads is given to no other page's view. */
export type AnyPage = Page<unknown>

export type Theme = "system" | "light" | "dark"

export interface Notice {
  readonly text: string
  readonly kind: "done" | "failed"
}

/** A page: what it reads, and how that is shown. It is shown again whenever what it reads has changed. */
export interface Page<D> {
  readonly path: string
  readonly needs?: Role
  /** Scripts beside the one that all pages have. */
  readonly scripts?: readonly "charts"[]
  /** It stays as it was opened: what somebody decides on does not change under his eyes. */
  readonly still?: boolean
  title(data: D): string
  load(question: Question): Promise<D>
  /** The contents of `<main>`. */
  view(data: D, viewing: Viewing): HtmlEscapedString | Promise<HtmlEscapedString>
}

/** Something that changes what is in the database; recorded with who did it, to what, and what came of it. */
export interface Action {
  readonly path: string
  readonly needs: Exclude<Role, "viewer">
  /** As it is recorded: `cancel job`. */
  readonly name: string
  target(viewing: Viewing, form: URLSearchParams): string
  /** Where to go when it failed, below the base path; default: to what its path names, else to the overview. */
  readonly back?: string
  run(viewing: Viewing, form: URLSearchParams): Promise<ActionEnd>
}

export interface ActionEnd {
  /** In a sentence: shown to the person, and recorded. */
  readonly text: string
  readonly failed?: boolean
  /** The page to go to, below the base path. */
  readonly to: string
}
