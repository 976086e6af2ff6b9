import { PgQueuerError } from "../domain/errors.js"

const form = "postgres://user:password@host:5432/database"

/**
 * Refuses what the PostgreSQL client would silently take for something else.
 *
 * @param source - where the text came from, for the message; the text itself is never shown, it may hold a password
 * @throws PgQueuerError `PGQ_CONNECTION_INVALID`
 */
export function checkConnectionString(text: string, source: string): void {
  if (text.trim() === "") throw invalid(`${source} is empty`)
  if (/^\s*[a-z_]+\s*=/i.test(text)) throw keywordForm(text, source)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) throw invalid(`${source} is not a connection URL`)
  if (scheme !== "postgres" && scheme !== "postgresql") {
    throw invalid(`${source} begins with ${scheme}://, which is not PostgreSQL`)
  }
  if (/\s/.test(text)) throw invalid(`${source} contains white space`, `${percent} A space is %20.`)
  checkUrl(text, source)
}

const percent = "In user and password write special characters percent-encoded: @ is %40, / is %2F, # is %23."

function checkUrl(text: string, source: string): void {
  const authority = text.replace(/^[a-z]+:\/\//i, "").replace(/[/?#].*$/, "")
  if (authority.slice(authority.lastIndexOf("@") + 1).includes(",")) {
    throw invalid(`${source} names several hosts`, "Name one host.")
  }
  const url = parseConnectionUrl(text)
  if (url === undefined) throw invalid(`${source} is not a valid URL`, percent)
  if (!canDecode(url)) throw invalid(`${source} has a % that encodes nothing`, `${percent} % itself is %25.`)
  if (url.hash !== "") throw invalid(`${source} has a # in it`, percent)
  if (hostOf(url) === "") throw invalid(`${source} names no host`)
}

/** Also of the form with a user and without a host, which is no URL for the parser, but the client takes it. */
export function parseConnectionUrl(text: string): URL | undefined {
  const complete = text.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[/?#]|$)/i, `$1${noHost}`)
  return URL.canParse(complete) ? new URL(complete) : undefined
}

/** The host, or the folder of a socket; empty when none is named. */
export function hostOf(url: URL): string {
  return url.searchParams.get("host") || (url.hostname === noHost ? "" : url.hostname.replace(/^\[|\]$/g, ""))
}

const noHost = "no-host.invalid"

function canDecode(url: URL): boolean {
  try {
    for (const part of [url.username, url.password, url.pathname]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

/** `host=… dbname=…`: what other tools take, and what the client parses into garbage. */
function keywordForm(text: string, source: string): PgQueuerError {
  const values = new Map<string, string>()
  for (const [, key = "", quoted, plain] of text.matchAll(/([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))/gi)) {
    values.set(key.toLowerCase(), (quoted ?? plain ?? "").replace(/\\(.)/g, "$1"))
  }
  const part = (key: string, otherwise: string) => encodeURIComponent(values.get(key) || otherwise)
  const password = values.has("password") ? ":password" : ""
  const port = values.has("port") ? `:${part("port", "5432")}` : ""
  const url = `postgres://${part("user", "user")}${password}@${part("host", "localhost")}${port}/${part("dbname", "database")}`
  return invalid(`${source} has the form keyword=value, which is not understood here`, `Write it as a URL: ${url}`)
}

function invalid(message: string, remedy = `Write ${form}`): PgQueuerError {
  return new PgQueuerError("PGQ_CONNECTION_INVALID", message, { remedy })
}
