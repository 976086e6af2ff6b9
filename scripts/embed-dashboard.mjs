// Writes src/dashboard/assets.generated.ts: scripts and styles of the web dashboard, so that a bundled application needs no files beside
// its code. Scripts are written in TypeScript and only stripped of types here; uPlot comes as it is, with its licence.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import ts from "typescript"

const root = new URL("../src/dashboard/", import.meta.url)
const require = createRequire(import.meta.url)
const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  removeComments: true,
  verbatimModuleSyntax: true,
}

const styles = ["base", "frame", "controls", "tables", "charts", "pages"]
  .map((name) => readFileSync(new URL(`styles/${name}.css`, root), "utf8"))
  .join("\n")

const scripts = readdirSync(new URL("client/", root))
  .filter((name) => name.endsWith(".ts"))
  .sort()
  .map((name) => {
    const { outputText } = ts.transpileModule(readFileSync(new URL(`client/${name}`, root), "utf8"), {
      compilerOptions,
    })
    return [name.replace(/\.ts$/, ".js"), outputText]
  })

const uplot = readFileSync(require.resolve("uplot/dist/uPlot.iife.min.js"), "utf8")
const uplotStyles = readFileSync(require.resolve("uplot/dist/uPlot.min.css"), "utf8")

const files = {
  "app.css": squeezed(`${styles}\n${uplotStyles}`),
  ...Object.fromEntries(scripts),
  "uplot.js": uplot,
  "icon.svg": readFileSync(new URL("styles/icon.svg", root), "utf8"),
}

const entries = Object.entries(files).map(([name, text]) => `  ${JSON.stringify(name)}: ${JSON.stringify(text)},`)
writeFileSync(
  new URL("assets.generated.ts", root),
  `// Made by scripts/embed-dashboard.mjs. Do not edit.\nexport const assetFiles = {\n${entries.join("\n")}\n} as const\n`,
)

/** Without comments and indentation. */
function squeezed(css) {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s+/gm, "")
    .replace(/\n+/g, "\n")
}
