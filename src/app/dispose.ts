/** Disposes what can be disposed, the last one first. */
export async function disposeAll(resources: readonly unknown[]): Promise<void> {
  for (const resource of [...resources].reverse()) {
    if (typeof resource !== "object" || resource === null) continue
    if (isAsyncDisposable(resource)) await resource[Symbol.asyncDispose]()
    else if (isDisposable(resource)) resource[Symbol.dispose]()
  }
}

function isAsyncDisposable(resource: object): resource is AsyncDisposable {
  return Symbol.asyncDispose in resource && typeof resource[Symbol.asyncDispose] === "function"
}

function isDisposable(resource: object): resource is Disposable {
  return Symbol.dispose in resource && typeof resource[Symbol.dispose] === "function"
}
