/**
 * Thrown by what wraps a handler: the job ends so, whatever its retry policy and its `onFailure` say.
 *
 * @internal
 */
export class FinalFailure extends Error {
  override readonly name = "FinalFailure"
  readonly status: "exception" | "failed"
  /** What is recorded as the error. */
  override readonly cause: Error

  constructor(status: "exception" | "failed", cause: Error) {
    super(cause.message)
    this.status = status
    this.cause = cause
  }
}
