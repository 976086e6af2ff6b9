import { durationText } from "../../domain/duration-text.js"

/** A time, to be shown in the viewer's own zone by the script, and exactly where the pointer is over it. */
export function Time({ at, as = "relative" }: { readonly at: Date; readonly as?: "relative" | "exact" }) {
  return (
    <time datetime={at.toISOString()} data-as={as} title={at.toISOString()}>
      {`${at.toISOString().slice(0, 19).replace("T", " ")} UTC`}
    </time>
  )
}

/** A length of time, or a dash for none. */
export function Length({ ms }: { readonly ms: number | null | undefined }) {
  return ms === null || ms === undefined ? <span class="none">–</span> : <span class="num">{durationText(ms)}</span>
}

/** A whole number with separators; `~` before an estimate. */
export function Count({ count, exact = true }: { readonly count: number; readonly exact?: boolean }) {
  return (
    <span class="num" {...(exact ? {} : { title: "an estimate" })}>
      {exact ? "" : "~"}
      {countText(count)}
    </span>
  )
}

export function countText(count: number): string {
  return Math.round(count).toLocaleString("en")
}
