import { expectTypeOf } from "vitest"
import type { Stored } from "../../src/domain/job-types.js"

// Compiled, never run: what becomes of a type that is stored as JSON and read again.

interface Tree {
  readonly value: Date
  readonly children: readonly Tree[]
}

type Id = string & { readonly brand: "id" }

declare class Money {
  readonly cents: number
  toJSON(): { cents: number; at: Date }
}

export function becomes(tree: Stored<Tree>): void {
  expectTypeOf<Stored<{ user: number; name?: string | null }>>().toEqualTypeOf<{ user: number; name?: string | null }>()
  expectTypeOf<Stored<Date>>().toEqualTypeOf<string>()
  expectTypeOf<Stored<{ at: Date | null; more?: Date }>>().toEqualTypeOf<{ at: string | null; more?: string }>()
  expectTypeOf<Stored<Money>>().toEqualTypeOf<{ cents: number; at: string }>()
  expectTypeOf<Stored<[Date, number]>>().toEqualTypeOf<[string, number]>()
  expectTypeOf<Stored<readonly Date[]>>().toEqualTypeOf<readonly string[]>()
  expectTypeOf<Stored<Buffer>>().toEqualTypeOf<Uint8Array>()
  expectTypeOf<Stored<"a" | 1 | true | undefined>>().toEqualTypeOf<"a" | 1 | true | undefined>()
  expectTypeOf<Stored<Id>>().toEqualTypeOf<Id>()
  expectTypeOf<Stored<unknown>>().toEqualTypeOf<unknown>()
  // biome-ignore lint/suspicious/noExplicitAny: who has any keeps it
  expectTypeOf<Stored<any>>().toBeAny()
  expectTypeOf(tree.children[0]?.children[0]?.value).toEqualTypeOf<string | undefined>()
}
