import { access, constants } from "node:fs/promises"
import { PgQueuerError } from "../../domain/errors.js"
import { canEnter, type ServerUser } from "./server-user.js"

/**
 * The first folder in which we can make a folder of our own that the server's user can get into.
 *
 * @throws PgQueuerError `PGQ_EMBEDDED_FAILED` when there is none
 */
export async function reachableFolder(folders: readonly string[], user: ServerUser | undefined): Promise<string> {
  for (const folder of folders) {
    const writable = await access(folder, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    )
    if (writable && (await canEnter(folder, user))) return folder
  }
  const whom = user === undefined ? "this user" : `the server's user, ${user.uid},`
  throw new PgQueuerError("PGQ_EMBEDDED_FAILED", `None of ${folders.join(", ")} can be used by ${whom}`, {
    remedy: "Set TMPDIR to a folder that both can use, or give a `dataDirectory`.",
  })
}
