import type { Child } from "hono/jsx"
import { type AssetName, assetPath } from "../assets.js"
import type { Visit } from "../route.js"
import { href, type Site } from "../site.js"
import { Icon } from "./icon.js"
import { type NavigationItem, navigation } from "./navigation.js"

interface FrameProps {
  readonly visit: Visit
  readonly title: string
  readonly scripts: readonly "charts"[]
  readonly main: Child
  /** Whether the page is kept up to date. */
  readonly live: boolean
}

/** The whole document around a page. */
export function Frame({ visit, title, scripts, main, live }: FrameProps) {
  const { site } = visit
  return (
    <html lang="en" data-theme={visit.theme} data-base={site.basePath}>
      <Head site={site} title={title} scripts={scripts} />
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="side">
          <a class="brand" href={href(site, "/")}>
            <Icon name="brand" />
            <span class="brand-text">
              <span class="brand-title">{site.title}</span>
              <span class="brand-place">{site.placement}</span>
            </span>
          </a>
          <nav aria-label="Pages">
            {navigation.map((item) => (
              <NavigationLink item={item} visit={visit} />
            ))}
          </nav>
          <Foot visit={visit} live={live} />
        </header>
        <div class="page">
          <div id="banner" role="status" />
          {visit.notice === undefined ? null : (
            <div class={`notice ${visit.notice.kind}`} role={visit.notice.kind === "failed" ? "alert" : "status"}>
              <Icon name={visit.notice.kind === "failed" ? "alert" : "check"} />
              <span>{visit.notice.text}</span>
              <button type="button" class="quiet" data-dismiss="" aria-label="Dismiss">
                <Icon name="close" />
              </button>
            </div>
          )}
          <main id="main" tabindex={-1} {...(live ? { "data-of": `${visit.path}${search(visit.query)}` } : {})}>
            {main}
          </main>
        </div>
        <KeyboardHelp />
      </body>
    </html>
  )
}

/** A document without navigation, for who has not logged in. */
export function Bare({ visit, title, main }: Pick<FrameProps, "visit" | "title" | "main">) {
  return (
    <html lang="en" data-theme={visit.theme} data-base={visit.site.basePath}>
      <Head site={visit.site} title={title} scripts={[]} />
      <body class="bare">
        <main id="main">{main}</main>
      </body>
    </html>
  )
}

function Head({ site, title, scripts }: { readonly site: Site } & Pick<FrameProps, "title" | "scripts">) {
  const at = (name: AssetName) => `${site.basePath}${assetPath(name)}`
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${title} · ${site.title}`}</title>
      <link rel="icon" type="image/svg+xml" href={at("icon.svg")} />
      <link rel="stylesheet" href={at("app.css")} />
      {scripts.includes("charts") ? <script defer src={at("uplot.js")} /> : null}
      <script type="module" src={at("app.js")} />
      {scripts.includes("charts") ? <script type="module" src={at("charts.js")} /> : null}
    </head>
  )
}

function NavigationLink({ item, visit }: { readonly item: NavigationItem; readonly visit: Visit }) {
  const isHere =
    item.path === "/" ? visit.path === "/" : visit.path === item.path || visit.path.startsWith(`${item.path}/`)
  return (
    <a href={href(visit.site, item.path)} data-key={item.key} {...(isHere ? { "aria-current": "page" } : {})}>
      <Icon name={item.icon} />
      <span>{item.label}</span>
    </a>
  )
}

function Foot({ visit, live }: { readonly visit: Visit; readonly live: boolean }) {
  const { site, person } = visit
  return (
    <div class="foot">
      {live ? (
        <button type="button" id="live" class="live" data-state="connecting" aria-live="off" title="Pause or go on (p)">
          <span class="dot" />
          <span class="live-text">Connecting</span>
        </button>
      ) : null}
      <div class="foot-row">
        <span class="person" title={`${person.name}, ${person.role}`}>
          {person.name}
          <span class="role">{site.write ? person.role : "read-only"}</span>
        </span>
        <button type="button" id="theme" class="quiet" aria-label="Colours: system, light or dark" title="Colours">
          <Icon name="theme" />
        </button>
        <button type="button" id="help" class="quiet" aria-label="Keyboard shortcuts" title="Keyboard (?)">
          <Icon name="keyboard" />
        </button>
        {site.hasLogin ? (
          <form method="post" action={href(site, "/logout")}>
            <input type="hidden" name="token" value={visit.formToken} />
            <button type="submit" class="quiet" aria-label="Log out" title="Log out">
              <Icon name="logout" />
            </button>
          </form>
        ) : null}
      </div>
    </div>
  )
}

function KeyboardHelp() {
  const keys: readonly (readonly [string, string])[] = [
    ["/", "search or filter"],
    ["j  k", "next, previous row"],
    ["Enter", "open the row"],
    ["n  b", "next, previous page of a list"],
    ["p", "pause live updates, or go on"],
    ["t", "change the colours"],
    ["?", "this help"],
    ...navigation.map(({ key, label }) => [`g  ${key}`, label] as const),
  ]
  return (
    <dialog id="keyboard" class="dialog" aria-labelledby="keyboard-title">
      <h2 id="keyboard-title">Keyboard</h2>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div>
            <dt>
              {key.split("  ").map((one) => (
                <kbd>{one}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  )
}

function search(query: URLSearchParams): string {
  return query.size === 0 ? "" : `?${query}`
}
