begin;
select plan(4);

\ir scene.psql
create function pg_temp.waits(p_from integer, p_to integer)
  returns setof text
  language sql
as $$
  select concat_ws(' ', right(w.call_id::text, 2)::integer, w.scope, round(w.refill), round(w.slot, 1))
  from tollhouse_private.rate_limit_waits(pg_temp.routes(p_from, p_to), '2030-01-15 12:00Z') as w
  order by w.call_id, w.scope
$$;

select is_empty('select pg_temp.waits(1, 3)', 'without a limit nothing waits');
select pg_temp.limit_to('tenant', 'acme', 6, null, null), pg_temp.limit_to('provider', 'mock', null, 200, 1);
select results_eq('select pg_temp.waits(1, 2)', $$values ('1 provider 0'), ('1 tenant -50'), ('2 provider 60 0.2'), ('2 tenant -40')$$,
  'each call and each limit: until its bucket has refilled, and until a call in flight may have ended');
update tollhouse_private.rate_limits set first_tenant_id = 'acme', first_call_id = lpad('0', 32, '0')::uuid, first_tokens = 150 where scope = 'provider';
select results_eq('select pg_temp.waits(1, 1)', $$values ('1 provider 0'), ('1 tenant -50')$$, 'a first in line that is gone keeps nothing');
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
values ('acme', lpad('0', 32, '0')::uuid, 'ann', 'route', 'first', now(), '', 1, 1, now(), '{}');
select results_eq('select pg_temp.waits(1, 1)', $$values ('1 provider 45'), ('1 tenant -50')$$, 'one that waits keeps its tokens');

select * from finish();
rollback;
