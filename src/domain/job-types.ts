/** The types of one entrypoint's jobs. */
export interface JobType {
  /** The payload; left out: any; `undefined`: none. */
  readonly input?: unknown
  /** What the handler returns; left out: anything. */
  readonly output?: unknown
}

/** A map from the names of entrypoints to the types of their jobs, as an interface or a type. */
export type JobMap<J> = { readonly [K in keyof J]: JobType }

/** Without a map: any name, any payload, any result. */
export interface AnyJobs {
  readonly [name: string]: JobType
}

/** The names of a map. */
export type JobName<J> = keyof J & string

/** What is enqueued under a name. */
export type InputOf<J, K extends keyof J> = J[K] extends { readonly input?: infer I } ? I : unknown

/** What a handler returns. */
export type OutputOf<J, K extends keyof J> = J[K] extends { readonly output?: infer O } ? O : unknown

/** What becomes of a value that is stored as JSON and read again: a `Date` comes back as a string; bytes come back as bytes. */
export type Stored<T> = 0 extends 1 & T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends Uint8Array
      ? Uint8Array
      : T extends { toJSON(key?: never): infer R }
        ? Stored<R>
        : T extends object
          ? { [K in keyof T]: Stored<T[K]> }
          : T

/** The arguments behind the name: a payload that may be `undefined` may be left out. */
export type PayloadArguments<P, O> = undefined extends P ? [payload?: P, options?: O] : [payload: P, options?: O]
