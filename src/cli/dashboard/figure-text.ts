import type { Count } from "../../ports/rollup-store.js"

/** `00:01:23`, and as many hours as there are: `130:00:00`. */
export function clockText(milliseconds: number | null): string {
  if (milliseconds === null) return ""
  const seconds = Math.floor(Math.max(0, milliseconds) / 1_000)
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map((part) => String(part).padStart(2, "0")).join(":")
}

/** `1,234,567`. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en")
}

/** The same, and `~1,200,000` for an estimate: more digits would only jump. */
export function depthText({ count, exact }: Count): string {
  return exact ? countText(count) : `~${countText(Number(count.toPrecision(2)))}`
}

/** `0.12/s`, `3.4/s`, `1,234/s`; nothing slower than one in about three hours is told from zero. */
export function rateText(perSecond: number): string {
  if (perSecond < 0.0001) return "0/s"
  if (perSecond < 1) return `${Number(perSecond.toPrecision(2))}/s`
  return perSecond < 100 ? `${perSecond.toFixed(1)}/s` : `${countText(perSecond)}/s`
}

/** How large a part is: `0 %`, `0.4 %`, `12 %`. Never `0 %` for some, and never `100 %` for less than all. */
export function shareText(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0 %"
  const percent = (part / whole) * 100
  if (percent < 0.1) return "<0.1 %"
  if (percent < 10) return `${percent.toFixed(1)} %`
  return `${part < whole ? Math.min(99, Math.round(percent)) : 100} %`
}
