-- Functions that enqueue, for any language: enqueue, enqueue_bytes, enqueue_many. They check as the API does: an error has an SQLSTATE of
-- class PQ, a message that begins with the code, and the remedy as its hint. They run with the caller's rights. Workers never call them.
-- Inside of a function no semicolon stands before an empty line, and {channel}, {ends} are the names of our channels.

-- The jobs of one call, one element each; an id of null is a job that was left out.
create function pgqueuer.enqueue_rows(
  entrypoints text[], priorities integer[], payloads json[], payloads_bytes bytea[], headers_given json[],
  execute_times timestamptz[], delays interval[], most_attempts integer[], timeouts interval[],
  expire_times timestamptz[], expire_delays interval[], dedupe_keys text[], on_conflict text
)
returns bigint[]
language plpgsql
as $function$
#variable_conflict use_column
declare
  moment constant timestamptz := clock_timestamp();
  longest constant float8 := 36500 * 86400.0;
  refusal text[];
  ids bigint[];
  holders bigint[];
  replacements bigint[];
  looks integer := 0;
  told integer;
begin
  if on_conflict is null or on_conflict not in ('raise', 'skip', 'replace') then
    raise exception using errcode = 'PQ001',
      message = format('PGQ_OPTION_INVALID: on_conflict cannot be %s', coalesce(to_json(left(on_conflict, 40))::text, 'null')),
      hint = 'One of: raise, skip, replace.';
  end if;
  select array[
    problem[1],
    problem[2] || ': ' || case when cardinality(entrypoints) > 1 then format('job %s: ', position - 1) else '' end || problem[3],
    problem[4]
  ]
  into refusal
  from (
    select position, case
      when entrypoint is null or octet_length(entrypoint) not between 1 and 255 then array[
        'PQ002', 'PGQ_NAME_INVALID', coalesce(to_json(left(entrypoint, 40))::text, 'null') || ' is not the name of an entrypoint',
        'Give a text of 1 to 255 bytes.']
      when octet_length(payload::text) > 1048576 or octet_length(bytes) > 1048576 then array[
        'PQ004', 'PGQ_PAYLOAD_TOO_LARGE',
        format('the payload has %s bytes, the limit is 1048576', coalesce(octet_length(bytes), octet_length(payload::text))),
        'Keep the data elsewhere and enqueue its key.']
      when json_typeof(headers) not in ('object', 'null') then array[
        'PQ003', 'PGQ_PAYLOAD_INVALID', 'the headers are not an object', 'Give a JSON object.']
      when octet_length(headers::text) > 16384 then array[
        'PQ004', 'PGQ_PAYLOAD_TOO_LARGE', format('the headers have %s bytes, the limit is 16384', octet_length(headers::text)),
        'Keep the data elsewhere and enqueue its key.']
      when octet_length(key) not between 1 and 255 then array[
        'PQ001', 'PGQ_OPTION_INVALID', 'dedupe_key must be a text of 1 to 255 bytes', 'Give a shorter key, or null for none.']
      when execute_at is not null and delay is not null then array[
        'PQ001', 'PGQ_OPTION_INVALID', 'execute_after and delay are both given', 'Give one of them.']
      when expire_at is not null and expire_delay is not null then array[
        'PQ001', 'PGQ_OPTION_INVALID', 'expire_after and expire_delay are both given', 'Give one of them.']
      when not isfinite(execute_at) or execute_at >= '10000-01-01 00:00:00+00' or not isfinite(expire_at) or expire_at >= '10000-01-01 00:00:00+00'
        then array['PQ001', 'PGQ_OPTION_INVALID', 'execute_after or expire_after is after the year 9999', 'Give an earlier time.']
      when extract(epoch from delay) not between 0 and longest or extract(epoch from expire_delay) not between 0 and longest then array[
        'PQ001', 'PGQ_OPTION_INVALID', 'delay or expire_delay is negative or longer than a hundred years', 'Give a shorter one, or null for none.']
      when extract(epoch from timeout) * 1000 not between 1 and 2147483647 then array[
        'PQ001', 'PGQ_OPTION_INVALID', 'timeout is out of range', 'Give an interval from 1 ms to 24 days, or null for none.']
      when attempts not between 1 and 1000000 then array[
        'PQ001', 'PGQ_OPTION_INVALID', format('max_attempts must be from 1 to 1000000, not %s', attempts), 'Give a number in this range.']
    end as problem
    from unnest(
      entrypoints, payloads, payloads_bytes, headers_given, dedupe_keys, execute_times, delays, expire_times, expire_delays, timeouts, most_attempts
    ) with ordinality
      as given (entrypoint, payload, bytes, headers, key, execute_at, delay, expire_at, expire_delay, timeout, attempts, position)
  ) as checked
  where problem is not null
  order by position
  limit 1;
  if found then
    raise exception using errcode = refusal[1], message = refusal[2], hint = refusal[3];
  end if;
  -- Of jobs with the same key the first one gets an id, or the last one, if it is to replace.
  ids := array(
    select case when key is null or nth = 1 then nextval('pgqueuer.job_id_seq') end
    from (
      select position, key, row_number() over (
        partition by entrypoint, key order by case when on_conflict = 'replace' then -position else position end
      ) as nth
      from unnest(entrypoints, dedupe_keys) with ordinality as given (entrypoint, key, position)
      order by position
    ) as ranked
  );
  if on_conflict = 'raise' and array_position(ids, null) is not null then
    raise exception using errcode = 'PQ005',
      message = format('PGQ_DUPLICATE_KEY: job %s: an earlier job of the call has the same dedupe key', array_position(ids, null) - 1),
      hint = 'Give each job a key of its own, or use on_conflict => ''skip'' or ''replace''.';
  end if;
  -- An exists could be answered by a hash of the whole table, once and for all: hence the comparisons and the offsets.
  -- Whoever had to wait for a key sees the newest row of it, but of the other tables what was there before. So a job that cannot be seen
  -- is gone only if the row that names it could be seen from the start. Keys that are taken stay locked as well.
  while exists (select from unnest(dedupe_keys) as given (key) where key is not null) loop
    insert into pgqueuer.dedupe as dedupe (entrypoint, key, job_id)
    select given.entrypoint, given.key, given.id
    from unnest(entrypoints, dedupe_keys, ids) as given (entrypoint, key, id)
    where given.key is not null and given.id is not null
    order by given.entrypoint collate "C", given.key collate "C"
    on conflict (entrypoint, key) do update set job_id = excluded.job_id
    where (select outcome.job_id from pgqueuer.outcome as outcome where outcome.job_id = dedupe.job_id) is not null
      or (
        dedupe.job_id <> excluded.job_id
        and (select job.id from pgqueuer.job as job where job.id = dedupe.job_id) is null
        and (
          select seen.job_id from pgqueuer.dedupe as seen where seen.entrypoint = dedupe.entrypoint and seen.key = dedupe.key
        ) = dedupe.job_id
      );
    exit when on_conflict = 'skip';
    select
      array_agg(dedupe.job_id), array_agg(given.id),
      (array_agg(array[
        dedupe.job_id::text, to_json(given.key)::text, to_json(given.entrypoint)::text
      ] order by given.position) filter (
        where on_conflict = 'raise'
          and (select job.id from pgqueuer.job as job where job.id = dedupe.job_id) is not null
          and (select outcome.job_id from pgqueuer.outcome as outcome where outcome.job_id = dedupe.job_id) is null
      ))[1:1]
    into holders, replacements, refusal
    from unnest(entrypoints, dedupe_keys, ids) with ordinality as given (entrypoint, key, id, position)
    cross join lateral (
      select holder.job_id
      from pgqueuer.dedupe as holder
      where holder.entrypoint = given.entrypoint and holder.key = given.key
      offset 0
    ) as dedupe
    where dedupe.job_id <> given.id;
    exit when holders is null;
    looks := looks + 1;
    if refusal is not null or looks > 50 then
      raise exception using errcode = 'PQ005',
        message = coalesce(
          format('PGQ_DUPLICATE_KEY: the dedupe key %s of the entrypoint %s is taken: job %s has it', refusal[1][2], refusal[1][3], refusal[1][1]),
          'PGQ_DUPLICATE_KEY: jobs with the same dedupe key come and go all the time'),
        hint = 'Let that job be, or use on_conflict => ''skip'' or ''replace''.';
    end if;
    if on_conflict = 'replace' then
      with replaced as materialized (
        select holder, replacement, job.entrypoint, ~job.priority as rank
        from unnest(holders, replacements) as replaced (holder, replacement)
        cross join lateral (select entrypoint, priority from pgqueuer.job as job where job.id = holder offset 0) as job
      ),
      from_ready as (
        delete from pgqueuer.ready as ready
        where ctid = any (array(
          select ready.ctid
          from replaced
          cross join lateral (
            select fresh.ctid
            from pgqueuer.ready as fresh
            where fresh.entrypoint = replaced.entrypoint and fresh.rank = replaced.rank and fresh.seq = holder and fresh.job_id = holder
            union all
            select moved.ctid from pgqueuer.ready as moved where moved.job_id = holder and moved.seq <> moved.job_id
          ) as ready
        ))
        returning job_id, entrypoint, attempt, rescues
      ),
      from_deferred as (
        delete from pgqueuer.deferred as deferred
        where ctid = any (array(select ctid from pgqueuer.deferred as deferred where job_id = any (holders) order by job_id for update))
        returning job_id, entrypoint, attempt, rescues
      ),
      from_held as (
        delete from pgqueuer.held as held
        where ctid = any (array(select ctid from pgqueuer.held as held where job_id = any (holders) order by job_id for update))
        returning job_id, entrypoint, attempt, rescues
      ),
      taken as materialized (
        select job_id, entrypoint, attempt, rescues from from_ready
        union all
        select job_id, entrypoint, attempt, rescues from from_deferred
        union all
        select job_id, entrypoint, attempt, rescues from from_held
      ),
      ended as (
        insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, rescues, error)
        select job_id, taken.entrypoint, 'deleted', attempt, rescues, 'replaced by job ' || replacement
        from taken
        join replaced on holder = job_id
        returning job_id
      )
      select count(pg_notify('{ends}', message))
      into told
      from (
        select json_build_object('ended', json_agg(job_id::text))::text as message
        from (select job_id, (row_number() over () - 1) / 300 as part from ended) as numbered
        where exists (select from pgqueuer.watcher as watcher where seen_at > now() - interval '15 seconds')
        group by part
      ) as message_of_part;
      select array[member.job_id::text, to_json(dedupe.key)::text, to_json(dedupe.entrypoint)::text]
      into refusal
      from pgqueuer.claim as claim
      cross join lateral unnest(claim.job_ids) as member (job_id)
      cross join lateral (select key, entrypoint from pgqueuer.dedupe as dedupe where dedupe.job_id = member.job_id offset 0) as dedupe
      where member.job_id = any (holders)
        and (select outcome.job_id from pgqueuer.outcome as outcome where outcome.job_id = member.job_id) is null
      limit 1;
      if found then
        raise exception using errcode = 'PQ006',
          message = format(
            'PGQ_DUPLICATE_RUNNING: job %s with the dedupe key %s of the entrypoint %s is held by a worker', refusal[1], refusal[2], refusal[3]),
          hint = 'Try again when it has ended, or use on_conflict => ''skip''.';
      end if;
    end if;
  end loop;
  with input as materialized (
    select
      given.id, given.entrypoint, coalesce(given.priority, 0) as priority, given.payload, given.bytes,
      case when json_typeof(given.headers) = 'object' then given.headers end as headers,
      coalesce(given.execute_at, moment + given.delay) as execute_at, given.attempts,
      (extract(epoch from given.timeout) * 1000)::float8 as timeout_ms, coalesce(given.expire_at, moment + given.expire_delay) as expire_at,
      given.key, given.position
    from unnest(
      ids, entrypoints, priorities, payloads, payloads_bytes, headers_given, execute_times, delays, most_attempts, timeouts,
      expire_times, expire_delays, dedupe_keys
    ) with ordinality
      as given (
        id, entrypoint, priority, payload, bytes, headers, execute_at, delay, attempts, timeout, expire_at, expire_delay, key, position
      )
  ),
  written as (
    insert into pgqueuer.job (
      id, entrypoint, priority, payload, payload_bytes, headers, execute_after, created_at, max_attempts, timeout_ms, expire_at, dedupe_key
    )
    select
      id, entrypoint, priority, payload, bytes, headers, case when execute_at > moment then execute_at end, moment,
      attempts, timeout_ms, expire_at, key
    from input
    where id is not null and (key is null or (
      select dedupe.job_id from pgqueuer.dedupe as dedupe where dedupe.entrypoint = input.entrypoint and dedupe.key = input.key
    ) = id)
    order by position
    returning id, entrypoint, ~priority as rank, execute_after, expire_at
  ),
  expiring as (
    insert into pgqueuer.expiry (job_id, expire_at) select id, expire_at from written where expire_at is not null
  ),
  waiting as (
    insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at)
    select id, entrypoint, rank, execute_after from written where execute_after is not null
  ),
  standing as (
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id)
    select entrypoint, rank, id, id from written where execute_after is null
  )
  select array_agg(written.id order by input.position)
  into ids
  from input
  left join written on written.id = input.id;
  if array_remove(ids, null) <> '{}' then
    perform pg_notify('{channel}', '{}');
  end if;
  return coalesce(ids, '{}');
end
$function$;

create function pgqueuer.enqueue(
  entrypoint text,
  payload json default null,
  priority integer default 0,
  execute_after timestamptz default null,
  dedupe_key text default null,
  headers json default null,
  max_attempts integer default null,
  timeout interval default null,
  expire_after timestamptz default null,
  on_conflict text default 'raise',
  delay interval default null,
  expire_delay interval default null
)
returns bigint
language sql
as $function$
  select (pgqueuer.enqueue_rows(
    array[$1], array[$3], array[$2], array[null::bytea], array[$6], array[$4], array[$11], array[$7], array[$8], array[$9], array[$12],
    array[$5], $10
  ))[1]
$function$;

create function pgqueuer.enqueue_bytes(
  entrypoint text,
  payload bytea,
  priority integer default 0,
  execute_after timestamptz default null,
  dedupe_key text default null,
  headers json default null,
  max_attempts integer default null,
  timeout interval default null,
  expire_after timestamptz default null,
  on_conflict text default 'raise',
  delay interval default null,
  expire_delay interval default null
)
returns bigint
language sql
as $function$
  select (pgqueuer.enqueue_rows(
    array[$1], array[$3], array[null::json], array[$2], array[$6], array[$4], array[$11], array[$7], array[$8], array[$9], array[$12],
    array[$5], $10
  ))[1]
$function$;

-- The jobs are objects with the names of the API or of the parameters above; times and durations as in the API: "1h", 1500 (ms), or a time with a zone.
create function pgqueuer.enqueue_many(jobs json, on_conflict text default 'raise')
returns setof bigint
language plpgsql
as $function$
#variable_conflict use_column
declare
  refusal text[];
  ids bigint[];
begin
  if jobs is null or json_typeof(jobs) <> 'array' then
    raise exception using errcode = 'PQ001', message = 'PGQ_OPTION_INVALID: enqueue_many takes a JSON array of jobs',
      hint = 'Write: enqueue_many(''[{"entrypoint": "fetch", "payload": {"user": 7}}]'')';
  end if;
  begin
    select array['job ' || position - 1 || ': a job must be an object, not ' || json_typeof(job), 'Write: {"entrypoint": "fetch", "payload": {"user": 7}}']
    into refusal
    from json_array_elements(jobs) with ordinality as element (job, position)
    where json_typeof(job) <> 'object'
    order by position
    limit 1;
    if found then
      raise exception using errcode = 'PQ001', message = 'PGQ_OPTION_INVALID: ' || refusal[1], hint = refusal[2];
    end if;
    with member as materialized (
      select
        position, name, value, json_typeof(value) as type,
        case when name not in ('payload', 'headers') then value #>> '{}' end as text
      from json_array_elements(jobs) with ordinality as element (job, position)
      cross join lateral json_each(job) as member (name, value)
    )
    select array['job ' || position - 1 || ': ' || problem[1], problem[2]]
    into refusal
    from (
      select position, case
        when name not in (
          'entrypoint', 'payload', 'priority', 'headers', 'timeout', 'executeAfter', 'execute_after', 'expireAfter', 'expire_after',
          'dedupeKey', 'dedupe_key', 'maxAttempts', 'max_attempts'
        ) then array[
          'a job has no option ' || to_json(left(name, 40))::text,
          'Known options: entrypoint, payload, priority, executeAfter, dedupeKey, headers, maxAttempts, timeout, expireAfter.']
        when type = 'null' or name in ('payload', 'headers') then null
        when name in ('entrypoint', 'dedupeKey', 'dedupe_key') then case
          when type <> 'string' then array[name || ' must be a string', 'Give a string of 1 to 255 bytes.'] end
        when name in ('priority', 'maxAttempts', 'max_attempts') then case
          when type <> 'number' then array[name || ' must be a whole number', 'Give a whole number.']
          when text::numeric <> trunc(text::numeric) or text::numeric not between -2147483648 and 2147483647
            then array[name || ' must be a whole number of 32 bits, not ' || left(text, 40), 'Give a whole number in this range.'] end
        when type = 'number' then case
          when text::numeric not between 0 and 3153600000000 then array[name || ' is not a duration: ' || left(text, 40), 'Give milliseconds from 0 on.'] end
        when type = 'string' and text ~ '^[0-9]{1,13}([.][0-9]{1,9})?(ms|s|m|h|d)$' then null
        when type = 'string' and name <> 'timeout'
          and text ~* '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})$' then null
        else array[
          name || ' is neither a duration nor a time: ' || left(value::text, 40),
          'Give a duration ("1h", or milliseconds) or, not for timeout, an ISO 8601 time with a zone ("2030-01-31T08:00:00Z").']
      end as problem
      from member
    ) as checked
    where problem is not null
    order by position
    limit 1;
    if found then
      raise exception using errcode = 'PQ001', message = 'PGQ_OPTION_INVALID: ' || refusal[1], hint = refusal[2];
    end if;
    with member as materialized (
      select
        position, lower(regexp_replace(name, '([A-Z])', '_\1', 'g')) as name, value,
        case when name not in ('payload', 'headers') and json_typeof(value) <> 'null' then value #>> '{}' end as text,
        json_typeof(value) as type
      from json_array_elements(jobs) with ordinality as element (job, position)
      left join lateral json_each(job) as member (name, value) on true
    ),
    timed as materialized (
      select position, name, value, text, case
        when name not in ('execute_after', 'expire_after', 'timeout') then null
        when type = 'number' then text::float8 * interval '1 millisecond'
        when text ~ '(ms|s|m|h|d)$' then rtrim(text, 'mshd')::float8 * case substring(text from '[a-z]+$')
          when 'ms' then interval '1 millisecond' when 's' then interval '1 second' when 'm' then interval '1 minute'
          when 'h' then interval '1 hour' else interval '24 hours' end
      end as duration
      from member
    ),
    given as (
      select
        position,
        max(text) filter (where name = 'entrypoint') as entrypoint,
        max(text::numeric::integer) filter (where name = 'priority') as priority,
        (array_agg(value) filter (where name = 'payload'))[1] as payload,
        (array_agg(value) filter (where name = 'headers'))[1] as headers,
        max(text::timestamptz) filter (where name = 'execute_after' and duration is null) as execute_at,
        max(duration) filter (where name = 'execute_after') as delay,
        max(text::numeric::integer) filter (where name = 'max_attempts') as attempts,
        max(duration) filter (where name = 'timeout') as timeout,
        max(text::timestamptz) filter (where name = 'expire_after' and duration is null) as expire_at,
        max(duration) filter (where name = 'expire_after') as expire_delay,
        max(text) filter (where name = 'dedupe_key') as key
      from timed
      group by position
    )
    select pgqueuer.enqueue_rows(
      array_agg(entrypoint order by position), array_agg(priority order by position), array_agg(payload order by position),
      array_agg(null::bytea order by position), array_agg(headers order by position), array_agg(execute_at order by position),
      array_agg(delay order by position), array_agg(attempts order by position), array_agg(timeout order by position),
      array_agg(expire_at order by position), array_agg(expire_delay order by position), array_agg(key order by position), on_conflict
    )
    into ids
    from given
    having count(*) > 0;
  exception
    when untranslatable_character then
      raise exception using errcode = 'PQ003', message = 'PGQ_PAYLOAD_INVALID: enqueue_many cannot take a string with \u0000',
        hint = 'Enqueue that job by itself, with enqueue.';
    when data_exception then
      raise exception using errcode = 'PQ001', message = 'PGQ_OPTION_INVALID: ' || sqlerrm,
        hint = 'See the message: a value of a job is not of the right form.';
  end;
  return query select id from unnest(ids) with ordinality as written (id, position) order by position;
end
$function$;
