begin;
select plan(12);

\ir scene.psql
create function pg_temp.waits(p_scope text, p_routes tollhouse_private.route[], p_admitted integer[] default '{}')
  returns setof text
  language sql
as $$
  select concat_ws(' ', w.place, right(w.call_id::text, 2)::integer, w.target, round(w.refill), round(w.slot, 1))
  from tollhouse_private.rate_limit_waits(p_scope, p_routes, array(select lpad(a::text, 32, '0')::uuid from unnest(p_admitted) as a), '2030-01-15 12:00Z') as w
  order by w.place
$$;
create function pg_temp.users(variadic p_users text[])
  returns tollhouse_private.route[]
  language sql
as $$
  select array_agg(pg_temp.route(n::integer, jsonb_build_object('tenant_id', split_part(u, '/', 1), 'user_id', split_part(u, '/', 2))))
  from unnest(p_users) with ordinality as u (u, n)
$$;

select is_empty($$select pg_temp.waits('tenant', pg_temp.routes(1, 3))$$, 'without a limit nothing waits');
select pg_temp.limit_to('tenant', 'acme', 6, null, null), pg_temp.limit_to('provider', 'mock', null, 200, 1);
select results_eq($$select pg_temp.waits('provider', pg_temp.routes(1, 2))$$, $$values ('1 1 mock 0'), ('2 2 mock 60 0.2')$$,
  'each call: until its bucket has refilled, and until a call in flight may have ended');
select results_eq($$select pg_temp.waits('tenant', pg_temp.routes(1, 2))$$, $$values ('1 1 acme -50'), ('2 2 acme -40')$$, 'limits of one scope at a time');
select results_eq($$select pg_temp.waits('provider', pg_temp.routes(1, 2), '{2}')$$, $$values ('1 2 mock 0'), ('2 1 mock 60 0.2')$$, 'before all stands what this claim has admitted');

select results_eq($$select split_part(w, ' ', 2) from pg_temp.waits('provider', pg_temp.users('acme/ann', 'acme/ann', 'acme/bob', 'globex/gus', 'globex/gus')) as w$$,
  array['1', '4', '3', '5', '2'], 'the line goes by turns over tenants, and over the users of each');
update tollhouse_private.rate_limits set last_tenant_id = 'acme';
select results_eq($$select split_part(w, ' ', 2) from pg_temp.waits('provider', pg_temp.users('acme/ann', 'acme/ann', 'acme/bob', 'globex/gus', 'globex/gus')) as w$$,
  array['4', '1', '5', '3', '2'], 'beginning after the tenant that had the last turn');
insert into tollhouse_private.turns values ('acme', 'provider mock', 'ann');
select results_eq($$select split_part(w, ' ', 2) from pg_temp.waits('provider', pg_temp.users('acme/ann', 'acme/ann', 'acme/bob', 'globex/gus', 'globex/gus')) as w$$,
  array['4', '3', '5', '1', '2'], 'and after the user that had its last');

-- Those that wait, and are not looked at.
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request, state, line)
values ('acme', lpad('90', 32, '0')::uuid, 'ann', 'route', 'first', now(), '', 400, 50, now(), '{}', 'scheduled', 'provider mock');
update tollhouse_private.rate_limits set last_tenant_id = '';
delete from tollhouse_private.turns;
savepoint away;
select results_eq($$select pg_temp.waits('provider', pg_temp.users('globex/gus'))$$, $$values ('2 1 mock 45 0.2')$$, 'the one whose turn is next keeps its place and its tokens');
update tollhouse_private.rate_limits set last_tenant_id = 'acme';
select results_eq($$select pg_temp.waits('provider', pg_temp.users('globex/gus'))$$, $$values ('1 1 mock 0')$$, 'but not before its turn');
rollback to away;
select results_eq($$select pg_temp.waits('provider', pg_temp.users('acme/ann'))$$, $$values ('1 1 mock 0')$$, 'nor before an older call of its user');
insert into tollhouse_private.turns values ('acme', 'provider mock', 'ann');
select results_eq($$select pg_temp.waits('provider', pg_temp.users('acme/bob'))$$, $$values ('1 1 mock 0')$$, 'nor before his colleague whose turn it is');
delete from tollhouse_private.jobs;
select results_eq($$select pg_temp.waits('provider', pg_temp.users('globex/gus'))$$, $$values ('1 1 mock 0')$$, 'one that is gone keeps nothing');

select * from finish();
rollback;
