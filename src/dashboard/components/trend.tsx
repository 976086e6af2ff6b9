import { countText } from "./figures.js"

interface TrendProps {
  /** When it happened, in any order. */
  readonly times: readonly Date[]
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  /** Nothing is known of what was before. */
  readonly knownFrom: number
}

const bars = 24
const barWidth = 4
const height = 22

/** How often something happened, as a few bars in a row of a table; what is not known is shaded. */
export function Trend({ times, from, to, knownFrom }: TrendProps) {
  const counts = countBars(times, from, to)
  const most = Math.max(1, ...counts)
  const unknown = Math.min(bars, Math.max(0, ((knownFrom - from) / (to - from)) * bars)) * barWidth
  const total = counts.reduce((sum, count) => sum + count, 0)
  return (
    <svg
      class="trend"
      viewBox={`0 0 ${bars * barWidth} ${height}`}
      width={bars * barWidth}
      height={height}
      role="img"
      aria-label={`${countText(total)} in this time, at most ${countText(most)} in a 24th of it`}
    >
      {unknown < 1 ? null : <rect class="unknown" x={0} y={0} width={Math.round(unknown)} height={height} />}
      {counts.map((count, index) => {
        const tall = count === 0 ? 1 : Math.max(2, Math.round((count / most) * height))
        return (
          <rect
            class={count === 0 ? "no" : ""}
            x={index * barWidth}
            y={height - tall}
            width={barWidth - 1}
            height={tall}
          />
        )
      })}
    </svg>
  )
}

function countBars(times: readonly Date[], from: number, to: number): readonly number[] {
  const counts = Array.from({ length: bars }, () => 0)
  for (const time of times) {
    const bar = Math.floor(((time.getTime() - from) / (to - from)) * bars)
    // What comes from the database's clock may be a little ahead of ours.
    if (bar >= 0) counts[Math.min(bar, bars - 1)]! += 1
  }
  return counts
}
