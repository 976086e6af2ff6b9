/** A length of time in one number: `85 ms`, `3.2 s`, `12 min`, `5 h`, `3 d`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 120_000) return `${(milliseconds / 1_000).toFixed(1)} s`
  if (milliseconds < 7_200_000) return `${Math.round(milliseconds / 60_000)} min`
  return milliseconds < 172_800_000
    ? `${Math.round(milliseconds / 3_600_000)} h`
    : `${Math.round(milliseconds / 86_400_000)} d`
}
