import { PgQueuerError } from "../../domain/errors.js"

/** What a client of pg in another thread needs to make the same connection: only what can be copied there. */
export type ConnectionSettings = Readonly<Record<string, unknown>>

const names = ["connectionString", "host", "port", "user", "password", "database", "ssl", "options"] as const

/**
 * The settings of a client or a pool of pg, for a client in another thread.
 *
 * @throws PgQueuerError `PGQ_UNSUPPORTED` for a password, stream or TLS setting that is a function
 */
export function copiableSettings(label: string, from: object): ConnectionSettings {
  const given = from as Record<string, unknown>
  if (typeof given["stream"] === "function") throw notCopiable(label)
  // Some of them cannot be enumerated, to keep them out of logs.
  const settings = Object.fromEntries(names.map((name) => [name, given[name]]).filter(([, value]) => value != null))
  const { ssl } = settings
  if (typeof ssl === "object") settings["ssl"] = { ...ssl, ...("key" in ssl ? { key: ssl.key } : {}) }
  try {
    return structuredClone(settings)
  } catch {
    throw notCopiable(label)
  }
}

export function notCopiable(label: string): PgQueuerError {
  return new PgQueuerError("PGQ_UNSUPPORTED", `The connection of ${label} cannot go to another thread`, {
    remedy: "Leave functions and several hosts out of it: a password as text, no stream, no checkServerIdentity.",
  })
}
