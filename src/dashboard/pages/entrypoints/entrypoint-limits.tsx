import type { EntrypointLimits, LimitSources } from "../../../ports/operation-store.js"
import { entrypointPath } from "../../components/entrypoint-link.js"
import { Live } from "../../components/live.js"
import { limits } from "../../readings/shared.js"
import { href } from "../../site.js"
import { page } from "../page.js"
import { nameOf } from "./entrypoint.js"
import { currentLimitFields, type LimitField, type LimitKind, readLimitFields } from "./limit-fields.js"
import { Limits } from "./limits.js"

/** The form that changes the limits of an entrypoint. Outside of what is live: it stays as it is filled in. */
export const entrypointLimitsPage = page({
  path: "/entrypoints/:name/limits",
  needs: "admin",
  title: ({ name }) => `Limits of ${name}`,
  async load({ site, params, query }) {
    const name = nameOf(params)
    const own = (await limits(site)).find(({ entrypoint }) => entrypoint === name)
    return { name, limits: own, fields: readLimitFields(query) ?? currentLimitFields(own) }
  },
  view({ name, limits: own, fields }, viewing) {
    const { site } = viewing
    return (
      <>
        <div class="head">
          <a class="crumb" href={href(site, entrypointPath(name))}>
            {name}
          </a>
          <h1>Change limits</h1>
        </div>
        <Live id="limits">
          <Limits limits={own} />
        </Live>
        {viewing.mayAct("admin") ? (
          <form class="card form" method="post" action={href(site, entrypointPath(name, "/limits"))}>
            <input type="hidden" name="token" value={viewing.formToken} />
            <Field
              kind="concurrency"
              legend="Concurrency"
              hint="Jobs of it that are held at once, over all workers."
              field={fields.concurrency}
              code={codeText(own, "concurrencyLimit")}
            />
            <Field
              kind="rate"
              legend="Rate"
              hint="Starts a second over all workers, spaced evenly; fractions too."
              field={fields.rate}
              code={codeText(own, "requestsPerSecond")}
            />
            <p class="hint">
              Workers follow at once. What is set here wins over the code until it is given back to it, also when
              workers start anew.
            </p>
            <div class="form-buttons">
              <a class="button" href={href(site, entrypointPath(name))}>
                Back
              </a>
              <button type="submit" class="primary">
                Change limits
              </button>
            </div>
          </form>
        ) : (
          <p class="hint">This dashboard is read-only.</p>
        )}
      </>
    )
  },
})

interface FieldProps {
  readonly kind: LimitKind
  readonly legend: string
  readonly hint: string
  readonly field: LimitField
  /** What the code says. */
  readonly code: string
}

function Field({ kind, legend, hint, field, code }: FieldProps) {
  const choice = (value: LimitField["choice"], label: string) => (
    <label class="choice">
      <input type="radio" name={kind} value={value} checked={field.choice === value} />
      <span>{label}</span>
    </label>
  )
  const problemId = `${kind}-problem`
  return (
    <fieldset>
      <legend>{legend}</legend>
      <p class="hint">{hint}</p>
      {choice("code", `As the code says: ${code}`)}
      {choice("none", "No limit")}
      <div class="choice-number">
        {choice("number", "At most")}
        <input
          name={`${kind}-number`}
          inputmode="decimal"
          autocomplete="off"
          value={field.text}
          aria-label={`${legend}, at most`}
          {...(field.problem === undefined
            ? {}
            : { "aria-invalid": "true", "aria-describedby": problemId, autofocus: true })}
        />
      </div>
      {field.problem === undefined ? null : (
        <p class="problem" id={problemId}>
          {field.problem}
        </p>
      )}
    </fieldset>
  )
}

function codeText(limits: EntrypointLimits | undefined, option: "concurrencyLimit" | "requestsPerSecond"): string {
  const code = (limits?.[option] as LimitSources | undefined)?.code ?? null
  return code === null ? "no limit" : code.toLocaleString("en")
}
