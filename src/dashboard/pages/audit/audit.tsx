import type { AuditRecord } from "../../../ports/audit-store.js"
import { EmptyState } from "../../components/empty-state.js"
import { Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { Table, type TableColumn } from "../../components/table.js"
import { href } from "../../site.js"
import { page } from "../page.js"

const pageSize = 100

export const auditPage = page({
  path: "/audit",
  title: () => "Audit",
  async load({ site, query }) {
    const after = /^\d{1,18}$/.exec(query.get("after") ?? "")?.[0]
    const found = await site.audit.list({ limit: pageSize + 1, ...(after === undefined ? {} : { after }) })
    return { records: found.slice(0, pageSize), more: found.length > pageSize, isFirst: after === undefined }
  },
  view({ records, more, isFirst }, { site }) {
    const last = records.at(-1)
    return (
      <>
        <div class="head">
          <h1>Audit</h1>
        </div>
        <Live id="audit" calm>
          {records.length === 0 ? (
            <EmptyState title="Nothing was done">
              <p>Whatever people do here is recorded: who, when, to what, and what came of it.</p>
            </EmptyState>
          ) : (
            <Table columns={columns} rows={records} />
          )}
          <nav class="pager" aria-label="Pages of the list">
            {isFirst ? null : <a href={href(site, "/audit")}>Newest</a>}
            {more && last !== undefined ? (
              <a class="button" rel="next" data-next="" href={href(site, "/audit", { after: last.id })}>
                Older
              </a>
            ) : null}
          </nav>
        </Live>
      </>
    )
  },
})

const columns: readonly TableColumn<AuditRecord>[] = [
  { head: "When", cell: ({ at }) => <Time at={at} /> },
  { head: "Who", class: "name", cell: ({ person }) => person },
  { head: "Role", cell: ({ role }) => role },
  { head: "Did", cell: ({ action }) => action },
  { head: "To", class: "name", cell: ({ target }) => target },
  { head: "Result", class: "what", cell: (record) => <Result {...record} /> },
]

function Result({ done, result }: AuditRecord) {
  if (done === null) return <span class="none">not known: it was under way</span>
  return <span class={done ? "" : "error-text"}>{result}</span>
}
