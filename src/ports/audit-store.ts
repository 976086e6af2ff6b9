/** What a person has done. */
export interface AuditRecord {
  readonly id: string
  readonly at: Date
  readonly person: string
  readonly role: string
  readonly action: string
  /** What it was done to. */
  readonly target: string
  /** Null while it is under way, and for ever when its process ended meanwhile. */
  readonly done: boolean | null
  /** In a sentence. */
  readonly result: string | null
  readonly finishedAt: Date | null
}

export interface NewAction {
  readonly person: string
  readonly role: string
  readonly action: string
  readonly target: string
}

export interface AuditFilter {
  readonly person?: string
  readonly action?: string
  /** Only those with a lower id. */
  readonly after?: string
  readonly limit: number
}

/** Who did what, and what came of it. */
export interface AuditStore {
  begin(action: NewAction): Promise<string>
  /** How far it is, while it is under way. */
  note(id: string, result: string): Promise<void>
  end(id: string, done: boolean, result: string): Promise<void>
  /** The newest first. */
  list(filter: AuditFilter): Promise<readonly AuditRecord[]>
}
