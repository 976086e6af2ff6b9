import { bulkKinds, placesText } from "../../bulk/bulk-kinds.js"
import { type LeastCount, leastCountText } from "../../bulk/bulk-state.js"
import { type Selection, selectionFields, selectionText, selectNow } from "../../bulk/selection.js"
import { countSelection } from "../../bulk/walk-selection.js"
import { EmptyState } from "../../components/empty-state.js"
import { NotThere } from "../../not-there.js"
import type { Viewing } from "../../route.js"
import { href } from "../../site.js"
import { jobsParameters } from "../jobs/jobs-filter.js"
import { JobsTable } from "../jobs/jobs-table.js"
import { page } from "../page.js"

/** A page answers at once, however many there are. */
const countMs = 60

/** Asks before something is done to all jobs of a filter: how many, and some of them. */
export const confirmPage = page({
  path: "/bulk",
  needs: "operator",
  still: true,
  title: ({ selection }) => `${selection.kind.label} jobs`,
  async load({ site, query }) {
    const selection = await selectNow(site, query)
    if (selection === undefined) {
      throw new NotThere(`There is no such action; there are ${bulkKinds.map(({ name }) => name).join(", ")}.`)
    }
    const { total, sample } = await countSelection(site, selection, countMs)
    return { selection, total, sample: await site.jobPages.describe(sample) }
  },
  view({ selection, total, sample }, viewing) {
    const { kind, filter } = selection
    const { site } = viewing
    const back = href(site, "/jobs", jobsParameters(filter))
    return (
      <>
        <div class="head">
          <h1>
            <a class="crumb" href={back}>
              Jobs
            </a>
            <span>
              {kind.label} {leastCountText(total)}?
            </span>
          </h1>
        </div>
        {total.count === 0 ? (
          <NoneFound selection={selection} isSure={total.exact} />
        ) : (
          <p class="meaning">
            All {selectionText(filter)}
            {filter.status === undefined ? ` that are ${placesText(kind.reach)}` : ""}, as they stand now: what is
            enqueued from now on is left alone. {kind.meaning} {hintsOf(selection, total)}
          </p>
        )}
        {total.count === 0 && total.exact ? (
          <a class="button" href={back}>
            Back
          </a>
        ) : (
          <ConfirmForm
            selection={selection}
            label={total.count === 0 ? `${kind.label} all of them` : `${kind.label} ${leastCountText(total)}`}
            back={back}
            viewing={viewing}
          />
        )}
        {sample.length === 0 ? null : (
          <section aria-labelledby="sample-title">
            <h2 id="sample-title" class="part-title">
              {sample.length === total.count && total.exact ? "These are meant" : `${sample.length} of them`}
            </h2>
            <JobsTable jobs={sample} site={site} now={selection.at} />
          </section>
        )}
      </>
    )
  },
})

function NoneFound({ selection, isSure }: { readonly selection: Selection; readonly isSure: boolean }) {
  const { kind, filter } = selection
  const what = `${kind.label} takes ${placesText(kind.reach)} jobs.`
  if (isSure) {
    return (
      <EmptyState title="Nothing to do">
        <p>
          There are no {selectionText(filter)} that this can be done to. {what}
        </p>
      </EmptyState>
    )
  }
  return (
    <EmptyState title="None found so far">
      <p>
        There are too many to look through all at once for {selectionText(filter)}. {what}
      </p>
    </EmptyState>
  )
}

/** What is not plain of the number, and of what a text finds. */
function hintsOf({ filter }: Selection, total: LeastCount): string {
  const count = "There are more than can be counted at once; all of them are meant."
  const text =
    "The text is found where the list finds it: in what is shown, and in no payload that is stored in more than 64 kB."
  return [total.exact ? [] : count, filter.text === undefined ? [] : text].flat().join(" ")
}

interface ConfirmFormProps {
  readonly selection: Selection
  readonly label: string
  readonly back: string
  readonly viewing: Viewing
}

function ConfirmForm({ selection, label, back, viewing }: ConfirmFormProps) {
  const { site } = viewing
  if (!viewing.mayAct("operator")) return <p class="hint">This dashboard is read-only: nothing can be done here.</p>
  return (
    <form class="confirm" method="post" action={href(site, "/bulk")}>
      <input type="hidden" name="token" value={viewing.formToken} />
      {Object.entries(selectionFields(selection)).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" class={selection.kind.danger ? "danger primary" : "primary"}>
        {label}
      </button>
      <a class="button" href={back}>
        Back
      </a>
    </form>
  )
}
