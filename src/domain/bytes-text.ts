const units = ["B", "kB", "MB", "GB", "TB"] as const

/** A size in one number: `312 B`, `4.2 MB`; a dash for none. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return "–"
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1_000 ** power
  return `${power === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}
