const blocks = "▁▂▃▄▅▆▇█"
const letters = "_.-=+*#@"

/**
 * The newest values as a row of small bars, the highest of them full; an interval without a value is a space.
 *
 * @param width - so many columns; of more values the newest are shown, fewer stand on the right
 * @param unicode - false for terminals that have no block characters
 */
export function sparkline(values: readonly (number | null)[], width: number, unicode: boolean): string {
  const bars = unicode ? blocks : letters
  const shown = values.slice(Math.max(0, values.length - width))
  const highest = Math.max(0, ...shown.map((value) => value ?? 0))
  const bar = (value: number | null) => {
    if (value === null) return " "
    const height = highest <= 0 ? 0 : Math.ceil((value / highest) * (bars.length - 1))
    return bars[Math.max(0, Math.min(bars.length - 1, height))]!
  }
  return shown.map(bar).join("").padStart(width)
}
