// npx jiti examples/transaction/order.ts
import { Pool } from "pg"
import { Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))

/** The order and the job that confirms it are written together, or neither is. */
async function placeOrder(customer: string, article: string): Promise<string | undefined> {
  const client = await pool.connect()
  try {
    await client.query("begin")
    await client.query("insert into customer_order (customer, article) values ($1, $2)", [customer, article])
    const [id] = await queries.enqueue("confirm_order", { customer }, { transaction: client })
    if (article === "unicorn") throw new Error("out of stock")
    await client.query("commit")
    return id
  } catch (error) {
    await client.query("rollback")
    console.log(`no order, no job: ${(error as Error).message}`)
    return undefined
  } finally {
    client.release()
  }
}

await pool.query("create table if not exists customer_order (customer text not null, article text not null)")
console.log(`enqueued ${await placeOrder("ada", "teapot")}`)
await placeOrder("ada", "unicorn")
await pool.end()
