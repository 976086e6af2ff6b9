import type { TableReading } from "./health-store.js"

/** Changes how tables are stored and vacuumed. Nothing is locked but against vacuum and other changes of the table. */
export interface TableOptionsStore {
  /** In one transaction, beside which no other of this kind runs. */
  change<T>(work: (tables: ChangeableTables) => Promise<T>): Promise<T>
}

export interface ChangeableTables {
  list(): Promise<readonly TableReading[]>
  setOptions(table: string, options: Readonly<Record<string, string>>): Promise<void>
  /** Takes all options away that are there, and sets these, in their order. */
  replaceOptions(table: string, present: readonly string[], options: readonly string[]): Promise<void>
  setComment(table: string, comment: string | null): Promise<void>
}
