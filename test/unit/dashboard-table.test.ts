import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { groupFailures } from "../../src/app/failure-groups.js"
import { makeTable, type TableColumn, tableFormats } from "../../src/cli/dashboard/table.js"
import { lineWidth, plainText } from "../../src/cli/dashboard/text.js"
import { chooseRows, type View } from "../../src/cli/dashboard/view.js"
import { chooseGroups } from "../../src/cli/dashboard/views/recent.js"
import type { RecentGroup } from "../../src/ports/recent-store.js"

interface Row {
  readonly name: string
  readonly count: number
}

const columns: readonly TableColumn<Row>[] = [
  { head: "Name of it", shortHead: "Name", flexible: true, value: ({ name }) => name },
  { head: "Count", align: "right", value: ({ count }) => String(count), sortBy: ({ count }) => count },
  { head: "Twice", align: "right", goes: 1, value: ({ count }) => String(2 * count) },
]

const rows: readonly Row[] = [
  { name: "a|b", count: 5 },
  { name: "日本", count: 1_000 },
]

describe("a table", () => {
  it.each([
    [
      "grid",
      [
        "+------------+-------+-------+",
        "| Name of it | Count | Twice |",
        "+------------+-------+-------+",
        "| a|b        |     5 |    10 |",
        "| 日本       |  1000 |  2000 |",
        "+------------+-------+-------+",
      ],
    ],
    [
      "psql",
      [
        " Name of it | Count | Twice",
        "------------+-------+-------",
        " a|b        |     5 |    10",
        " 日本       |  1000 |  2000",
      ],
    ],
    ["plain", ["Name of it  Count  Twice", "a|b             5     10", "日本         1000   2000"]],
    [
      "markdown",
      [
        "| Name of it | Count | Twice |",
        "| ---------- | ----: | ----: |",
        "| a\\|b       |     5 |    10 |",
        "| 日本       |  1000 |  2000 |",
      ],
    ],
  ] as const)("is drawn as people know it: %s", (format, expected) => {
    expect(textOf(rows, { format })).toEqual(expected)
  })

  it("takes short heads first, then cuts what gives way, then leaves columns out", () => {
    const long = [{ name: "a name that goes on", count: 1 }]
    expect(textOf([{ name: "a name", count: 1 }], { format: "plain", width: 20 })).toEqual([
      "Name    Count  Twice",
      "a name      1      2",
    ])
    expect(textOf(long, { format: "plain", width: 24 })).toEqual([
      "Name        Count  Twice",
      "a name th…      1      2",
    ])
    expect(textOf(long, { format: "plain", width: 20 })).toEqual(["Name           Count", "a name that …      1"])
  })

  it("spells out what could steer the terminal", () => {
    expect(textOf([{ name: "\u001b[31m\nred", count: 1 }], { format: "plain" })[1]).toMatch(
      /^\\u001b\[31m\\nred +1 +2$/,
    )
  })

  it("has lines of one width", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: fc.string({ unit: "binary", maxLength: 30 }), count: fc.nat() }), { maxLength: 5 }),
        fc.constantFrom(...tableFormats),
        fc.option(fc.integer({ min: 30, max: 90 }), { nil: undefined }),
        (some, format, width) => {
          const {
            head,
            rows: body,
            foot,
          } = makeTable(columns, some, { format, ...(width === undefined ? {} : { width }) })
          expect(new Set([...head, ...body, ...foot].map(lineWidth)).size).toBe(1)
          if (width !== undefined) expect(lineWidth(head[0]!)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })

  it("marks the chosen row", () => {
    const { rows: body } = makeTable(columns, rows, { format: "plain", selected: 1 })
    expect(body.map((line) => line.every(({ style }) => style === "selected"))).toEqual([false, true])
  })
})

describe("what is shown of a view", () => {
  const view: View<Row> = { name: "workers", columns, empty: "", read: async () => rows, id: ({ name }) => name }

  it("is what has the filter's word in one of its cells, whatever its case", () => {
    const shown = (filter: string) => chooseRows(view, rows, { filter, sorting: undefined, tail: 9 })
    expect(shown("A|B")).toEqual([rows[0]])
    expect(shown("2000")).toEqual([rows[1]])
    expect(shown(" ")).toEqual(rows)
    expect(shown("x")).toEqual([])
  })

  it("is sorted by numbers where the column has some", () => {
    const sorted = (column: number, descending: boolean) =>
      chooseRows(view, rows, { filter: "", sorting: { column, descending }, tail: 9 }).map(({ count }) => count)
    expect(sorted(1, true)).toEqual([1_000, 5])
    expect(sorted(1, false)).toEqual([5, 1_000])
    expect(sorted(0, false)).toEqual([5, 1_000])
  })
})

describe("the groups of recent jobs", () => {
  const groups = (text: string) => [...text].map((letter, index) => group(letter === "E", index))

  it.each([
    ["WWWWWWEEEE", 4, "WWEE"],
    ["EEEEEEWWWW", 4, "EEWW"],
    ["WWWWWWE", 4, "WWWE"],
    ["EWEWEW", 4, "EWEW"],
    ["WWW", 4, "WWW"],
    ["WE", 1, "W"],
  ])("share the rows between what has ended and what has not: of %s %i", (all, tail, expected) => {
    const shown = chooseGroups(groups(all), tail)
    expect(shown.map(({ hasEnded }) => (hasEnded ? "E" : "W")).join("")).toBe(expected)
  })
})

describe("failures", () => {
  it("are one where they differ in numbers and ids only, by entrypoint; each job counts once", () => {
    const failedAt = new Date(5)
    const failure = (jobId: string, entrypoint: string, error: string, endedAs: "exception" | "failed" | null) => ({
      ...{ jobId, entrypoint, error, endedAs, failedAt },
      attempt: 1,
    })
    expect(
      groupFailures([
        failure("9", "a", "no user 17\n at x", "exception"),
        failure("9", "a", "no user 17", "exception"),
        failure("8", "b", "no user 1", null),
        failure("7", "a", "no user 2", "failed"),
      ]),
    ).toEqual([
      {
        ...{ entrypoint: "a", error: "no user #", newestError: "no user 17\n at x", attempts: 3, ended: 2, held: 1 },
        ...{ lastAt: failedAt, failedAt: [failedAt, failedAt, failedAt], ids: ["9", "7"] },
      },
      {
        ...{ entrypoint: "b", error: "no user #", newestError: "no user 1", attempts: 1, ended: 0, held: 0 },
        ...{ lastAt: failedAt, failedAt: [failedAt], ids: ["8"] },
      },
    ])
  })
})

function textOf(some: readonly Row[], options: Parameters<typeof makeTable>[2]): string[] {
  const { head, rows: body, foot } = makeTable(columns, some, options)
  return [...head, ...body, ...foot].map(plainText)
}

function group(hasEnded: boolean, index: number): RecentGroup {
  return {
    createdAt: new Date(1_000_000 - index * 1_000),
    entrypoint: "a",
    priority: 0,
    status: hasEnded ? "successful" : "queued",
    count: 1,
    complete: true,
    waitMs: 0,
    hasEnded,
    ids: [String(index)],
  }
}
