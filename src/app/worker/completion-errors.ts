import { PgQueuerError } from "../../domain/errors.js"

/** `complete` came too late, or twice. */
export function endedBefore(): PgQueuerError {
  return new PgQueuerError("PGQ_JOB_ENDED", "complete was called for a run that has ended", {
    remedy: "Call complete once, before the handler returns; again only when its transaction was rolled back.",
  })
}

/** The error of an attempt whose handler returned. */
export function rolledBack(): PgQueuerError {
  return new PgQueuerError(
    "PGQ_COMPLETE_ROLLED_BACK",
    "the handler returned, but the transaction in which it completed its job was rolled back",
    { remedy: "Commit the transaction, and let its errors come out of the handler." },
  )
}

/** Another worker may have the job. */
export function leaseLost(): PgQueuerError {
  return new PgQueuerError("PGQ_LEASE_LOST", "this worker does not hold the job any more", {
    remedy: "Roll back: the job may be running elsewhere. Longer heartbeatTimeouts make this rarer.",
  })
}
