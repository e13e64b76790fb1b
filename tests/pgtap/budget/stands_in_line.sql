begin;
select plan(5);

insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes,
  max_output_tokens, state, run_at, waits_for, request)
select 'acme', lpad(n::text, 32, '0')::uuid, 'ann', 'route', n::text, now(), '', 1, 1, state, now(), waits_for, '{}'
from (values (1, 'scheduled', 'budget'), (2, 'queued', 'budget'), (3, 'scheduled', 'backoff')) as j (n, state, waits_for);
create function pg_temp.besides(variadic p_numbers integer[]) returns uuid[] language sql as $$
  select array_agg(lpad(n::text, 32, '0')::uuid) from unnest(p_numbers) as n
$$;
select ok(tollhouse_private.stands_in_line('acme', null, pg_temp.besides(1, 3)), 'a call that is called up and not claimed yet stands in line');
select ok(tollhouse_private.stands_in_line('acme', 'ann', pg_temp.besides(2, 3)), 'so does one that waits, for its user''s line too');
select ok(not tollhouse_private.stands_in_line('acme', 'ann', pg_temp.besides(1, 2)), 'one that waits for something else does not');
select ok(not tollhouse_private.stands_in_line('acme', 'bob', '{}'), 'another user has a line of their own');
select ok(not tollhouse_private.stands_in_line('globex', null, '{}'), 'so has another tenant');

select * from finish();
rollback;
