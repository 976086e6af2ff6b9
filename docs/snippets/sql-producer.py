import psycopg
from psycopg.types.json import Json

connection = psycopg.connect(autocommit=True)

(job_id,) = connection.execute(
    "select pgqueuer.enqueue('fetch', %s, priority => %s, delay => %s)",
    [Json({"user": 7}), 5, "1 hour"],
).fetchone()

jobs = [{"entrypoint": "fetch", "payload": {"user": user}} for user in range(1000)]
job_ids = [row[0] for row in connection.execute("select * from pgqueuer.enqueue_many(%s)", [Json(jobs)])]

with connection.transaction():
    connection.execute("create temporary table customer_order (customer text)")
    connection.execute("insert into customer_order values ('ada')")
    connection.execute("select pgqueuer.enqueue('confirm_order', %s)", [Json({"customer": "ada"})])

try:
    connection.execute("select pgqueuer.enqueue('fetch', headers => '[]')")
except psycopg.Error as error:
    print(error.sqlstate)  # PQ003
    print(error.diag.message_primary)  # PGQ_PAYLOAD_INVALID: the headers are not an object
    print(error.diag.message_hint)  # Give a JSON object.

print(job_id, len(job_ids))
connection.close()
