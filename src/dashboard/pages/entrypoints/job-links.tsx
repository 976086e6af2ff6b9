import type { Count, EntrypointDepth } from "../../../ports/rollup-store.js"
import { countText } from "../../components/figures.js"
import { Tabs } from "../../components/tabs.js"
import { href, type Site } from "../../site.js"

interface JobLinksProps {
  readonly name: string
  readonly standing: EntrypointDepth | undefined
  readonly site: Site
}

/** The entrypoint's jobs, by where they stand. */
export function JobLinks({ name, standing, site }: JobLinksProps) {
  const to = (status?: string) => href(site, "/jobs", { entrypoint: name, status })
  return (
    <Tabs
      label="Its jobs"
      tabs={[
        { label: "All jobs", href: to(), current: false },
        ...(["queued", "picked", "deferred", "failed"] as const).map((status) => ({
          label: `${status}${countOf(standing?.[status])}`,
          href: to(status),
          current: false,
        })),
        ...(["successful", "exception"] as const).map((status) => ({
          label: status,
          href: to(status),
          current: false,
        })),
      ]}
    />
  )
}

function countOf(count: Count | undefined): string {
  if (count === undefined || count.count === 0) return ""
  return ` ${count.exact ? "" : "~"}${countText(count.count)}`
}
