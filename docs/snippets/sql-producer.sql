select pgqueuer.enqueue('fetch');

select pgqueuer.enqueue('fetch', '{"user": 7}', priority => 5, headers => '{"tenant": "acme"}');

select pgqueuer.enqueue('remind', '{"user": 7}', execute_after => '2030-01-31 08:00:00+00');

select pgqueuer.enqueue('remind', '{"user": 7}', delay => '1 hour', max_attempts => 3, timeout => '30 seconds');

select pgqueuer.enqueue('digest', '{"user": 7}', dedupe_key => 'user 7');

select pgqueuer.enqueue('digest', '{"user": 7}', dedupe_key => 'user 7', on_conflict => 'skip');

select pgqueuer.enqueue_bytes('thumbnail', '\x89504e47');

select * from pgqueuer.enqueue_many('[
  {"entrypoint": "fetch", "payload": {"user": 8}, "priority": 1},
  {"entrypoint": "sync", "executeAfter": "5m"}
]');

begin;

create temporary table customer_order (id serial primary key, customer text);

insert into customer_order (customer) values ('ada'), ('grace');

select pgqueuer.enqueue('confirm_order', json_build_object('id', id, 'customer', customer)) from customer_order;

commit;
