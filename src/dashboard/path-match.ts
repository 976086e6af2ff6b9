/** The parts of a path that a pattern names with `:name`; undefined when the path is another one. */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split("/")
  const given = path.split("/")
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = decoded(given[index]!)
    if (value === undefined) return undefined
    if (!part.startsWith(":")) {
      if (part !== value) return undefined
    } else if (value === "") return undefined
    else params[part.slice(1)] = value
  }
  return params
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
