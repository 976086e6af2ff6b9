import { type Status, statuses } from "../../../domain/status.js"

/** What `?status=…` and so on ask for; what cannot be read is as if it were not there. */
export interface JobsQuery {
  readonly status?: Status
  readonly entrypoint?: string
  /** The page begins behind this job. */
  readonly after?: string
}

export function readJobsQuery(query: URLSearchParams): JobsQuery {
  const status = statuses.find((known) => known === query.get("status"))
  const entrypoint = query.get("entrypoint")?.trim()
  const after = query.get("after") ?? ""
  return {
    ...(status === undefined ? {} : { status }),
    ...(entrypoint ? { entrypoint } : {}),
    ...(/^\d{1,18}$/.test(after) ? { after } : {}),
  }
}

/** The same as parameters of a link. */
export function jobsParameters({ status, entrypoint, after }: JobsQuery): Readonly<Record<string, string | undefined>> {
  return { status, entrypoint, after }
}
