/** What the server says about itself, and what of it this user may see. */
export interface ServerReading {
  /** `18.4` */
  readonly version: string
  /** `180004` */
  readonly versionNumber: number
  readonly user: string
  readonly database: string
  /** By the server's clock. */
  readonly time: Date
  /** It is a standby, or was told to write nothing. */
  readonly readOnly: boolean
  /** The user may see what sessions of others do. */
  readonly seesSessions: boolean
  /** Sessions of clients, and how many there may be without the places kept for superusers. */
  readonly connections: number
  readonly mostConnections: number
  /** How full the queue of notifications is, from 0 to 1. */
  readonly notificationQueue: number
  readonly settings: Readonly<Record<string, string>>
  /** Settings of this database or of roles in it: `synchronous_commit=off`. */
  readonly overrides: readonly SettingOverride[]
}

export interface SettingOverride {
  /** Null: of all roles, or of all databases. */
  readonly role: string | null
  readonly database: string | null
  readonly setting: string
}

/** Who has a transaction open, or keeps one from being forgotten. */
export interface TransactionReading {
  readonly kind: "session" | "prepared" | "slot" | "standby"
  /** Of a prepared transaction or a replication slot. */
  readonly name: string | null
  readonly pid: number | null
  readonly user: string | null
  readonly application: string | null
  /** Its address; `local` for a socket. */
  readonly client: string | null
  readonly database: string | null
  /** `idle in transaction`, `active`, …; null where this user may not see it. */
  readonly state: string | null
  readonly since: Date | null
  readonly openMs: number | null
  /** Null where it is not idle. */
  readonly idleMs: number | null
  /** How many transactions ago what it keeps began; null when it keeps nothing. */
  readonly age: number | null
}

/** One of our tables as the catalog and the statistics show it. Counts are estimates. */
export interface TableReading {
  /** Without schema and prefix. */
  readonly name: string
  readonly unlogged: boolean
  /** It should have one. */
  readonly lostPrimaryKey: boolean
  /** As PostgreSQL stores them: `fillfactor=50`. */
  readonly options: readonly string[]
  readonly comment: string | null
  readonly tableBytes: number
  readonly indexBytes: number
  readonly liveRows: number
  readonly deadRows: number
  readonly vacuumedAt: Date | null
  readonly analyzedAt: Date | null
  readonly frozenAge: number
}

/** How far the oldest transaction and multixact are behind the newest. */
export interface WraparoundReading {
  readonly database: string
  readonly age: number
  readonly multixactAge: number
  /** An upper bound of the pace, from the counts of commits and rollbacks; null when nothing is known. */
  readonly transactionsPerDay: number | null
}

/** An entrypoint of which jobs wait. */
export interface WaitingReading {
  readonly entrypoint: string
  /** In line; counted up to a number. */
  readonly queued: number
  /** Their time has come and no worker has moved them into line; of the first so many. */
  readonly overdue: number
  readonly overdueMs: number | null
  /** Workers with a handler for it that give signs of life. */
  readonly workers: number
  readonly paused: boolean
  /** When the job at the head was enqueued. */
  readonly since: Date | null
}

/** A limit that was set by hand. */
export interface HandLimitReading {
  readonly entrypoint: string
  readonly limit: "concurrencyLimit" | "requestsPerSecond"
  readonly code: number | null
  readonly set: number | null
  readonly changedAt: Date
}

/** A right that a role needs, and whether the present user has it. */
export interface RightReading {
  readonly role: string
  /** As in GRANT: `select (id) on pgqueuer.job`. */
  readonly right: string
  readonly held: boolean
}

/** What the state of the database can be told from. Every reading is cheap, waits for no lock for long, and writes nothing. */
export interface HealthStore {
  readServer(): Promise<ServerReading>
  listTransactions(): Promise<readonly TransactionReading[]>
  listTables(): Promise<readonly TableReading[]>
  readWraparound(): Promise<WraparoundReading>
  /** Indexes that are there and that PostgreSQL does not use. */
  listInvalidIndexes(): Promise<readonly string[]>
  listRights(): Promise<readonly RightReading[]>
  listWaiting(countAtMost: number): Promise<readonly WaitingReading[]>
  listHandLimits(): Promise<readonly HandLimitReading[]>
}
