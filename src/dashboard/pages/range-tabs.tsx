import { Tabs } from "../components/tabs.js"
import { href, type Site } from "../site.js"
import { type Range, ranges } from "./range.js"

interface RangeTabsProps {
  readonly site: Site
  /** Of the page. */
  readonly path: string
  readonly range: Range
  /** Parameters of the address that stay. */
  readonly kept?: Readonly<Record<string, string>>
}

/** How far back the page looks. */
export function RangeTabs({ site, path, range, kept = {} }: RangeTabsProps) {
  const tabs = ranges.map(({ last, label }) => ({
    label,
    href: href(site, path, { ...kept, last: last === "1h" ? undefined : last }),
    current: last === range.last,
  }))
  return <Tabs label="How far back" tabs={tabs} />
}
