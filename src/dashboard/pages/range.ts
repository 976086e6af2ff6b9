import { type Duration, toMilliseconds } from "../../domain/duration.js"

/** How far back pages look. */
export const ranges = [
  { last: "5m", label: "5 min", words: "the last 5 minutes" },
  { last: "15m", label: "15 min", words: "the last 15 minutes" },
  { last: "1h", label: "1 h", words: "the last hour" },
  { last: "6h", label: "6 h", words: "the last 6 hours" },
  { last: "24h", label: "24 h", words: "the last 24 hours" },
  { last: "7d", label: "7 d", words: "the last 7 days" },
  { last: "30d", label: "30 d", words: "the last 30 days" },
] as const satisfies readonly { readonly last: Duration; readonly label: string; readonly words: string }[]

export type Range = (typeof ranges)[number]

/** Of a range that ends now, in whole minutes: what is shown must not change each moment. */
export function spanOf({ last }: Range, now: number): { readonly from: Date; readonly to: Date } {
  const to = Math.floor(now / 60_000) * 60_000
  return { from: new Date(to - toMilliseconds(last, "last")), to: new Date(to) }
}

/** What `?last=` names; an hour when it names nothing known. */
export function rangeOf(query: URLSearchParams): Range {
  return ranges.find(({ last }) => last === query.get("last")) ?? ranges[2]
}
