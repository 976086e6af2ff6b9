import type pg from "pg"
import { statementFiles } from "../../src/adapters/postgres/sql.generated.js"
import { render, type StatementName } from "../../src/adapters/postgres/statement.js"
import type { Placement } from "../../src/domain/names.js"

/** A node of `explain (format json)`. */
export interface PlanNode {
  readonly "Node Type": string
  readonly "Relation Name"?: string
  readonly "Parent Relationship"?: string
  readonly Plans?: readonly PlanNode[]
}

/** The tables whose size is the backlog or the history; the others are small. */
const largeTables = ["ready", "job", "deferred", "claim", "outcome", "dedupe"]

/** The plan of a statement as it is cached when the values of its parameters are unknown. */
export async function genericPlan(
  client: pg.ClientBase,
  placement: Placement,
  name: StatementName,
  parameters: readonly string[],
): Promise<PlanNode> {
  await client.query("set plan_cache_mode = force_generic_plan")
  await client.query(`prepare "${name}" as ${render(statementFiles[name], placement)}`)
  try {
    const values = parameters.length === 0 ? "" : `(${parameters.join(", ")})`
    const { rows } = await client.query(`explain (format json) execute "${name}"${values}`)
    return rows[0]["QUERY PLAN"][0].Plan
  } finally {
    await client.query(`deallocate "${name}"`)
    await client.query("reset plan_cache_mode")
  }
}

/** What in a plan takes time in proportion to the backlog: scans of whole tables, and sorts of what was not limited before. */
export function costsOfBacklog(plan: PlanNode, { prefix }: Placement): string[] {
  const large = new Set(largeTables.map((table) => prefix + table))
  const found: string[] = []
  for (const node of walk(plan)) {
    if (node["Node Type"] === "Seq Scan" && large.has(node["Relation Name"] ?? "")) {
      found.push(`seq scan of ${node["Relation Name"]}`)
    }
    if (node["Node Type"] === "Sort" || node["Node Type"] === "Incremental Sort") {
      for (const table of tablesBelow(node)) if (large.has(table)) found.push(`sort of ${table}`)
    }
  }
  return found
}

function* walk(node: PlanNode): Generator<PlanNode> {
  yield node
  for (const child of node.Plans ?? []) yield* walk(child)
}

/** Tables that are read below a node, up to a Limit; what CTEs and sub-plans read is theirs. */
function tablesBelow(node: PlanNode): string[] {
  return (node.Plans ?? []).flatMap((child) => {
    const isApart = child["Parent Relationship"] === "InitPlan" || child["Parent Relationship"] === "SubPlan"
    if (isApart || ["Limit", "LockRows", "ModifyTable"].includes(child["Node Type"])) return []
    const own =
      child["Node Type"].includes("Scan") && child["Relation Name"] !== undefined ? [child["Relation Name"]] : []
    return [...own, ...tablesBelow(child)]
  })
}
