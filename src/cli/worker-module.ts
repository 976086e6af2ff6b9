import { existsSync, readdirSync, realpathSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { Health } from "../app/health.js"
import { PgQueuerError } from "../domain/errors.js"
import { didYouMean, nearest, show } from "../domain/options.js"
import { isOurs, messageOf } from "./failure.js"

/** What `pgq run` needs of a `PgQueuer`, a `QueueManager` or a `SchedulerManager`; known by its shape, for it may come from another copy of this package. */
export interface Runnable {
  run(options: { readonly mode: "continuous" | "drain"; readonly signal: AbortSignal }): Promise<void>
  stop(options?: { readonly now?: boolean }): Promise<void>
  health?(): Health
  readonly qm?: Partial<Settable>
}

export interface Settable {
  restrictTo(names: readonly string[]): void
  override(options: { readonly maxConcurrentTasks?: number; readonly shutdownTimeout?: number }): void
}

export interface MadeWorker {
  readonly pgq: Runnable
  /** Disposes what the factory returned. */
  dispose(): Promise<void>
}

interface Specifier {
  readonly module: string
  readonly name: string | undefined
}

/**
 * Loads `path:factory` and calls the factory with the arguments.
 *
 * @throws PgQueuerError `PGQ_MODULE_INVALID`; one of ours that the factory threw comes through as it is
 */
export async function makeWorker(text: string, args: readonly string[]): Promise<MadeWorker> {
  const specifier = parseSpecifier(text)
  const factory = pickFactory(await load(specifier.module), specifier)
  const made = await callFactory(factory, args, specifier)
  const pgq = isRunnable(made) ? made : (made as { readonly pgq?: unknown } | undefined)?.pgq
  if (!isRunnable(pgq)) throw wrongResult(specifier, made)
  return { pgq, dispose: () => dispose(made) }
}

/** The name is what follows the last colon; a drive letter is no name. */
function parseSpecifier(text: string): Specifier {
  const [, module, name] = /^(.{2,}?):([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(text) ?? []
  return module === undefined ? { module: text, name: undefined } : { module, name }
}

async function load(module: string): Promise<Record<string, unknown>> {
  // As Node does it, and jiti does not: what the module imports is looked for from where it really is.
  const path = realpathSync(await findModule(module))
  try {
    return await importAny(path)
  } catch (error) {
    if (isOurs(error)) throw error
    throw invalid(`${module} could not be loaded: ${firstLine(messageOf(error))}`, {
      remedy: "Correct the module, or install what it imports; --debug shows the stack.",
      cause: error,
    })
  }
}

async function findModule(module: string): Promise<string> {
  const file = resolve(module)
  const found = ["", ...extensions].map((extension) => file + extension).find(isFile)
  if (found !== undefined) return found
  const isPath = /^\.{0,2}[/\\]/.test(module) || module.startsWith(".")
  const inPackage = isPath ? undefined : await findInPackages(module)
  if (inPackage !== undefined) return inPackage
  const hint = didYouMean(nearbyFile(file), (name) => join(dirname(module), name))
  const kinds = isPath ? "not a file" : "neither a file nor a package"
  throw invalid(`${module} is ${kinds} seen from ${process.cwd()}${hint}`, {
    remedy: "Give a module and the function in it: pgq run ./worker.ts:main",
  })
}

const extensions = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"]

async function findInPackages(name: string): Promise<string | undefined> {
  const from = join(process.cwd(), "package.json")
  try {
    return createRequire(from).resolve(name)
  } catch {
    // A package may have exports for `import` only.
    const { createJiti } = await import("jiti")
    const url = createJiti(from).esmResolve(name, { try: true, parentURL: pathToFileURL(from).href })
    return url === undefined ? undefined : url.replace(/^file:\/\//, "")
  }
}

/** Node itself first, where it can: jiti for TypeScript that it cannot, as on Node 20. */
async function importAny(path: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    if (!isBeyondNode(error, path)) throw error
    const { createJiti } = await import("jiti")
    return await createJiti(import.meta.url, { interopDefault: false }).import(path)
  }
}

/** All of these come before a line of the module has run. */
function isBeyondNode(error: unknown, path: string): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ""
  if (code === "ERR_UNKNOWN_FILE_EXTENSION" || code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING") return true
  if (!/\.[mc]?ts$/.test(path)) return false
  return typescriptCodes.includes(code) || (error instanceof SyntaxError && !isNodeTwenty)
}

const typescriptCodes = [
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_INVALID_TYPESCRIPT_SYNTAX",
  "ERR_MODULE_NOT_FOUND",
  "ERR_UNSUPPORTED_DIR_IMPORT",
]

const isNodeTwenty = process.versions.node.startsWith("20.")

function pickFactory(exports: Record<string, unknown>, { module, name }: Specifier): (...args: string[]) => unknown {
  // CommonJS whose names Node could not read has them all on its default.
  const inner = exports["default"] as Record<string, unknown> | undefined
  const wanted = name ?? "default"
  const found = wanted in exports ? exports[wanted] : name === undefined ? undefined : inner?.[name]
  if (typeof found === "function") return found as (...args: string[]) => unknown
  if (found !== undefined) {
    throw invalid(`${wanted} of ${module} is ${show(found)}, not a function`, {
      remedy: `Export a function that returns a PgQueuer: export async function ${name ?? "main"}() { … return pgq }`,
    })
  }
  const known = Object.keys(exports).filter(
    (key) => key !== "module.exports" && !(key === "default" && inner === undefined),
  )
  if (known.length === 0) {
    throw invalid(`${module} exports nothing`, {
      remedy: `Export a function that returns a PgQueuer: export async function ${name ?? "main"}() { … return pgq }`,
    })
  }
  const guess = name === undefined ? (known.length === 1 ? known[0] : undefined) : nearest(name, known)
  const hint = didYouMean(guess, (known) => `${module}:${known}`)
  throw invalid(`${module} has no ${name === undefined ? "default export" : `export ${name}`}${hint}`, {
    remedy: `It exports: ${known.join(", ")}.`,
  })
}

async function callFactory(
  factory: (...args: string[]) => unknown,
  args: readonly string[],
  { module, name }: Specifier,
): Promise<unknown> {
  try {
    return await factory(...args)
  } catch (error) {
    if (isOurs(error)) throw error
    throw invalid(`${name ?? "the default export"} of ${module} threw: ${firstLine(messageOf(error))}`, {
      remedy: "Correct the function; --debug shows the stack.",
      cause: error,
    })
  }
}

function isRunnable(value: unknown): value is Runnable {
  if (typeof value !== "object" || value === null) return false
  const { run, stop } = value as Partial<Runnable>
  return typeof run === "function" && typeof stop === "function"
}

async function dispose(made: unknown): Promise<void> {
  const { [Symbol.asyncDispose]: later, [Symbol.dispose]: now } = made as Partial<AsyncDisposable & Disposable>
  if (later !== undefined) await later.call(made)
  else now?.call(made)
}

function wrongResult({ module, name }: Specifier, made: unknown): PgQueuerError {
  return invalid(`${name ?? "the default export"} of ${module} returned ${show(made)}, not a PgQueuer`, {
    remedy:
      "Return the PgQueuer, a QueueManager or a SchedulerManager, or { pgq, [Symbol.asyncDispose]() { … } }, and leave run() to the command.",
  })
}

function nearbyFile(file: string): string | undefined {
  try {
    return nearest(basename(file), readdirSync(dirname(file)))
  } catch {
    return undefined
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? ""
}

function invalid(message: string, details: { readonly remedy: string; readonly cause?: unknown }): PgQueuerError {
  return new PgQueuerError("PGQ_MODULE_INVALID", message, details)
}
