import { Pool } from "pg"
import { PgPoolDriver } from "pgqueuer/pg"
import { PostgresJsDriver } from "pgqueuer/postgres-js"
import postgres from "postgres"

const pooler = "postgres://app@pooler.example.com:6432/shop"
const direct = "postgres://app@db.example.com:5432/shop"

const pool = new Pool({ connectionString: pooler, max: 10 })
export const withPg = new PgPoolDriver(pool, { prepare: false, listenUrl: direct })

const sql = postgres(pooler, { prepare: false })
export const withPostgresJs = new PostgresJsDriver(sql, { prepare: false, listenUrl: direct })
