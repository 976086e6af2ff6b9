import type { Status } from "../../../domain/status.js"
import type { AuditRecord } from "../../../ports/audit-store.js"
import { type BulkState, leastCountText } from "../../bulk/bulk-state.js"
import { handledOf, sum } from "../../bulk/result-text.js"
import { ActionButton } from "../../components/action-button.js"
import { Count, countText, Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { NotThere } from "../../not-there.js"
import type { Viewing } from "../../route.js"
import { href, type Site } from "../../site.js"
import { page } from "../page.js"

/** How far an action on many jobs is, and what came of it: also of one that another process does, as far as it is recorded. */
export const progressPage = page({
  path: "/bulk/:id",
  title: ({ state, record }) => state?.target ?? record?.target ?? "",
  async load({ site, params }) {
    const id = params["id"]!
    const state = site.bulk.find(id)
    const record = state === undefined ? await findRecord(site, id) : undefined
    if (state === undefined && record === undefined) throw new NotThere(`There is no action ${id} on many jobs.`)
    return { state, record }
  },
  view({ state, record }, viewing) {
    const { site } = viewing
    return (
      <>
        <div class="head">
          <h1>
            <a class="crumb" href={href(site, "/jobs")}>
              Jobs
            </a>
            <span>{state === undefined ? record!.action : `${state.kind.label} jobs`}</span>
          </h1>
        </div>
        <p class="hint">
          {state?.target ?? record!.target}, by {state?.person ?? record!.person},{" "}
          <Time at={state?.startedAt ?? record!.at} />
        </p>
        <Live id="bulk">
          {state === undefined ? <Recorded record={record!} /> : <Progress state={state} viewing={viewing} />}
        </Live>
        <p class="hint">
          What came of it is kept in the <a href={href(site, "/audit")}>audit</a>.
        </p>
      </>
    )
  },
})

async function findRecord({ audit }: Site, id: string): Promise<AuditRecord | undefined> {
  if (!/^\d{1,18}$/.test(id)) return undefined
  const [record] = await audit.list({ after: String(BigInt(id) + 1n), limit: 1 })
  return record?.id === id && / jobs$/.test(record.action) ? record : undefined
}

/** Of a process that has ended, or of another one. */
function Recorded({ record: { done, result } }: { readonly record: AuditRecord }) {
  const head = done === null ? "Under way elsewhere, or broken off" : done ? "Done" : "Stopped"
  return (
    <section class="card bulk">
      <h2>{head}</h2>
      <p>{result ?? "Nothing was recorded of what came of it."}</p>
      {done === null ? (
        <p class="hint">
          Another process of the dashboard does it, or did until it ended. When this does not change any more, it was
          broken off: what it had not reached is as it was.
        </p>
      ) : null}
    </section>
  )
}

const heads = { running: "Under way", finished: "Done", stopped: "Stopped before its end" } as const

function Progress({ state, viewing }: { readonly state: BulkState; readonly viewing: Viewing }) {
  const { id, phase, problem, total, kind, done, refused } = state
  const handled = handledOf(state)
  const words = (status: Status) => kind.words[status] ?? status
  return (
    <section class={`card bulk ${phase}`}>
      <div class="bulk-head">
        <h2>{heads[phase]}</h2>
        {phase === "running" && viewing.mayAct("operator") ? (
          <ActionButton
            viewing={viewing}
            path={`/bulk/${id}/stop`}
            id={`stop-${id}`}
            label="Stop"
            title="Stop it here?"
            question="What is done stays done. What it has not reached stays as it is."
          />
        ) : null}
      </div>
      <progress aria-label="Jobs that it has been at" {...shareOf(state)} />
      <p>
        {countText(handled)} of {leastCountText(total)}
        {phase === "finished" && total.exact && handled < total.count ? "; the others had moved on" : ""}.
      </p>
      {phase === "running" ? <p class="hint">It goes on when this page is closed.</p> : null}
      {problem === null ? null : (
        <p class="problem" role="alert">
          {viewing.site.redactor.text(problem)}. What it had not reached is as it was; the same filter goes on with the
          rest.
        </p>
      )}
      <dl class="facts">
        {[...done].map(([status, count]) => (
          <div>
            <dt>{words(status)}</dt>
            <dd>
              <Count count={count} />
            </dd>
          </div>
        ))}
        {refused.size === 0 ? null : (
          <div>
            <dt>refused</dt>
            <dd>
              <Count count={sum(refused)} />{" "}
              <span class="none">
                {[...refused].map(([status, count]) => `${countText(count)} ${refusals[status]}`).join(", ")}
              </span>
            </dd>
          </div>
        )}
      </dl>
    </section>
  )
}

/** Of a number that is not known the bar only moves. */
function shareOf(state: BulkState): { readonly value?: number; readonly max?: number } {
  const { phase, total } = state
  if (phase === "finished") return { value: 1, max: 1 }
  if (phase === "running" && !total.exact) return {}
  const handled = handledOf(state)
  return { value: handled, max: Math.max(1, handled, total.count) }
}

/** Why nothing was done: where the jobs stood by then. */
const refusals: Readonly<Record<Status | "unknown", string>> = {
  queued: "back in line already",
  deferred: "waited for their time",
  picked: "were running",
  successful: "had ended as successful",
  exception: "had ended as exception",
  failed: "were held as failed",
  canceled: "had been canceled",
  deleted: "had been deleted",
  unknown: "were not there any more",
}
