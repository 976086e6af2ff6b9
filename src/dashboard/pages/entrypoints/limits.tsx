import type { EntrypointLimits, LimitSources } from "../../../ports/operation-store.js"
import { Fact, FactList } from "../../components/fact.js"

/** What limits it, where that comes from, and how much is used now. */
export function Limits({ limits }: { readonly limits: EntrypointLimits | undefined }) {
  if (limits === undefined) return null
  const { concurrencyLimit, requestsPerSecond, paused, inUse, lent } = limits
  return (
    <section class="card" aria-labelledby="limits-title">
      <h2 id="limits-title">Limits</h2>
      <FactList>
        <Fact name="Concurrency">
          <Limit limit={concurrencyLimit} unit="at once" />
          {concurrencyLimit.effective === null ? null : (
            <Use used={inUse} lent={lent} of={concurrencyLimit.effective} />
          )}
        </Fact>
        <Fact name="Rate">
          <Limit limit={requestsPerSecond} unit="starts a second" />
        </Fact>
        <Fact name="Held by workers">
          {inUse} {inUse === 1 ? "job" : "jobs"}
        </Fact>
        {paused ? <Fact name="Paused">No worker takes another job of it until it is resumed.</Fact> : null}
      </FactList>
    </section>
  )
}

function Limit({ limit: { code, set, effective }, unit }: { readonly limit: LimitSources; readonly unit: string }) {
  const text = (value: number | null) => (value === null ? "no limit" : `${value.toLocaleString("en")} ${unit}`)
  const inCode = code === null ? "the code sets none" : `the code says ${code.toLocaleString("en")}`
  return (
    <>
      <strong>{text(effective)}</strong>{" "}
      {set === undefined ? (
        effective === null ? null : (
          <small>as the code says</small>
        )
      ) : (
        <small>by hand; {inCode}</small>
      )}
    </>
  )
}

function Use({ used, lent, of }: { readonly used: number; readonly lent: number; readonly of: number }) {
  return (
    <div class="use">
      <meter min={0} max={of} value={Math.min(used, of)} aria-label={`${used} of ${of} in use`} />
      <small>
        {used} of {of} in use{lent > used ? `, ${lent} lent to workers` : ""}
      </small>
    </div>
  )
}
