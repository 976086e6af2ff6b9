import { bulkKinds, placesOf } from "../../bulk/bulk-kinds.js"
import { leastCountText } from "../../bulk/bulk-state.js"
import { type Selection, selectionFields, selectionText, selectNow } from "../../bulk/selection.js"
import { countSelection } from "../../bulk/walk-selection.js"
import { EmptyState } from "../../components/empty-state.js"
import { NotThere } from "../../not-there.js"
import type { Viewing } from "../../route.js"
import { href } from "../../site.js"
import { jobsParameters } from "../jobs/jobs-filter.js"
import { JobsTable } from "../jobs/jobs-table.js"
import { page } from "../page.js"

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
    const { total, sample } = await countSelection(site, selection)
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
          <EmptyState title={total.exact ? "Nothing to do" : "None found so far"}>
            <p>
              {total.exact ? "This can be done to none of the" : "Of many jobs only some were looked through for the"}{" "}
              {selectionText(filter)}: {kind.label.toLowerCase()} takes {kind.reach.join(", ")} jobs.
            </p>
          </EmptyState>
        ) : (
          <p>
            All {selectionText(filter)}
            {filter.status === undefined ? ` that are ${placesOf(kind, undefined).join(", ")}` : ""}, as they stand now:
            what is enqueued from now on is left alone. {kind.meaning}
            {total.exact ? "" : " There are more than can be counted at once; all of them are meant."}
            {filter.text === undefined
              ? ""
              : " The text is looked for where the list looks: in what is shown, and in no payload that is stored in more than 64 kB."}
          </p>
        )}
        {total.count === 0 && total.exact ? (
          <a class="button" href={back}>
            Back
          </a>
        ) : (
          <ConfirmForm
            selection={selection}
            label={`${kind.label} ${leastCountText(total)}`}
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
