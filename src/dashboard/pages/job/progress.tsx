import { inOneLine } from "../../components/one-line.js"

/** What the handler last said of how far it is: a bar where it can be read as a share. */
export function Progress({ value }: { readonly value: unknown }) {
  if (value === undefined) return null
  const share = shareOf(value)
  return (
    <section class="card progress" aria-label="Progress">
      <h2>Progress</h2>
      {share === undefined ? null : (
        <progress value={share} max={1} aria-label="Progress">
          {`${Math.round(share * 100)} %`}
        </progress>
      )}
      <code>{inOneLine(JSON.stringify(value), 400)}</code>
    </section>
  )
}

/** 0.4 and 40 are shares of 1 and 100; `{ done, of }` or `{ done, total }` say it themselves. */
export function shareOf(value: unknown): number | undefined {
  if (typeof value === "number") return within(value <= 1 ? value : value / 100)
  const { done, of, total } = Object(value) as Record<string, unknown>
  const whole = typeof of === "number" ? of : total
  return typeof done === "number" && typeof whole === "number" && whole > 0 ? within(done / whole) : undefined
}

function within(share: number): number | undefined {
  return share >= 0 && share <= 1 ? share : undefined
}
