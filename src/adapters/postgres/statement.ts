import { createHash } from "node:crypto"
import { boundsMs } from "../../domain/histogram.js"
import type { Placement } from "../../domain/names.js"
import type { Parameter, Queryable, QueryOptions, Row } from "../../ports/driver.js"
import { statementFiles } from "./sql.generated.js"

export type StatementName = keyof typeof statementFiles

/** The statements of one placement, ready to send. */
export class Statements {
  readonly channel: string
  /** Where the ends of jobs are told, to those who wait for them. */
  readonly endChannel: string
  readonly #placement: Placement
  readonly #rendered = new Map<StatementName, { readonly sql: string; readonly name: string }>()

  constructor(placement: Placement) {
    this.#placement = placement
    this.channel = channelOf(placement, "events")
    this.endChannel = channelOf(placement, "ends")
  }

  run<R extends Row>(
    on: Queryable,
    statement: StatementName,
    parameters: readonly Parameter[] = [],
    options?: Omit<QueryOptions, "name">,
  ): Promise<readonly R[]> {
    const { sql, name } = this.text(statement)
    return on.query<R>(sql, parameters, { ...options, name })
  }

  /** A statement's SQL, and the name under which it is prepared: its own for each text. */
  text(statement: StatementName): { readonly sql: string; readonly name: string } {
    const known = this.#rendered.get(statement)
    if (known !== undefined) return known
    const sql = render(statementFiles[statement], this.#placement)
    const rendered = { sql, name: `pgq_${statement}_${createHash("sha256").update(sql).digest("hex").slice(0, 12)}` }
    this.#rendered.set(statement, rendered)
    return rendered
  }
}

/** The bounds of histograms in microseconds. */
const bucketBounds = `'{${boundsMs.map((bound) => Math.round(bound * 1_000)).join(",")}}'::float8[]`

/**
 * Puts schema and prefix into SQL that was written for `pgqueuer.` and no prefix, our channels for their names, and the bounds of
 * histograms; comments go.
 */
export function render(sql: string, placement: Placement): string {
  return sql
    .replace(/^[ \t]*--.*\n/gm, "")
    .replace(/\bpgqueuer\.(\w+)/g, (_, name: string) => qualified(placement, name))
    .replace(/\b(?<![."])(\w+_idx)\b/g, (_, index: string) => `"${placement.prefix}${index}"`)
    .replaceAll("{bounds}", bucketBounds)
    .replaceAll("{channel}", channelOf(placement, "events"))
    .replaceAll("{ends}", channelOf(placement, "ends"))
    .trim()
}

/** A name of ours as SQL: `"schema"."prefix_name"`. */
export function qualified(placement: Placement, name: string): string {
  return `"${placement.schema}"."${placement.prefix}${name}"`
}

/** The channel of a placement. The point keeps `a` + `b_` apart from `a_b`; over 63 bytes PostgreSQL refuses a channel, so it is hashed. */
function channelOf({ schema, prefix }: Placement, name: string): string {
  const plain = `${schema}.${prefix}${name}`
  return plain.length <= 63 ? plain : `pgqueuer.${createHash("sha256").update(plain).digest("hex").slice(0, 40)}`
}
