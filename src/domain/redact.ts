/** The same text with every password of a connection string taken out: rather too much than too little of it. */
export function redact(text: string): string {
  // Most texts have none, and some are long.
  if (!text.includes("://") && !/password/i.test(text)) return text
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/?#]*:)\S*@/gi, "$1***@")
    .replace(/(\b(?:pg)?password\s*=\s*)('[^']*'|"[^"]*"|[^\s&]+)/gi, "$1***")
    .replace(/(\b(?:pg)?password["']?\s*:\s*)("(?:[^"\\]|\\.)*"|'[^']*')/gi, '$1"***"')
}

/** The same error, or a copy without passwords in message, stack and causes. */
export function redactedError(error: unknown, depth = 0): unknown {
  if (typeof error === "string") return redact(error)
  if (!(error instanceof Error) || depth > 5) return error
  const message = redact(error.message)
  const stack = error.stack === undefined ? undefined : redact(error.stack)
  const cause = redactedError(error.cause, depth + 1)
  if (message === error.message && stack === error.stack && cause === error.cause) return error
  const hidden = (value: unknown) => ({ value, writable: true, configurable: true, enumerable: false })
  return Object.create(Object.getPrototypeOf(error), {
    ...Object.getOwnPropertyDescriptors(error),
    message: hidden(message),
    stack: hidden(stack),
    ...(cause === undefined ? {} : { cause: hidden(cause) }),
  })
}
