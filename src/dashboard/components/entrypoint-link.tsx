import { href, type Site } from "../site.js"

/** The page of an entrypoint, below the base path; `part` is what is below that. */
export function entrypointPath(name: string, part = ""): string {
  return `/entrypoints/${encodeURIComponent(name)}${part}`
}

/** @param props.open - Enter on its row opens it */
export function EntrypointLink({
  site,
  name,
  open = false,
}: {
  readonly site: Site
  readonly name: string
  readonly open?: boolean
}) {
  return (
    <a href={href(site, entrypointPath(name))} {...(open ? { "data-open": "" } : {})}>
      {name}
    </a>
  )
}
