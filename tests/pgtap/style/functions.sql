begin;
select plan(8);

create temp view routine as
select p.oid::regprocedure::text as name, p.*, l.lanname
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops');

select cmp_ok((select count(*) from routine), '>', 100::bigint, 'the four schemas have the functions that the following tests are about');

-- pg_temp last: else a caller's temporary type named text would be taken for ours, and its check would run as the owner.
select set_eq(
  $$ select name from routine where 'search_path=pg_catalog, pg_temp' <> all (coalesce(proconfig, '{}')) $$,
  $$ values
    -- Bodies of standard SQL: their names were resolved when they were created.
    ('tollhouse_private.current_tenant_id()'),
    ('tollhouse_private.current_user_id()'),
    ('tollhouse_private.reads_all_users()'),
    -- Helpers of one row, inlined into their callers, whose path holds.
    ('tollhouse_private.guard_breaker(text,timestamp with time zone,timestamp with time zone)'),
    ('tollhouse_private.budget_month(timestamp with time zone)'),
    ('tollhouse_private.call_created_at(uuid)'),
    ('tollhouse_private.candidate_models(text,text)'),
    ('tollhouse_private.charge_basis(boolean,text,bigint)'),
    ('tollhouse_private.cost_of_usage(bigint,bigint,bigint,bigint,integer,integer,integer,integer)'),
    ('tollhouse_private.done_channel_name(text,text,text)'),
    ('tollhouse_private.has_answer(tollhouse_private.response_cache,timestamp with time zone)'),
    ('tollhouse_private.has_month(timestamp with time zone)'),
    ('tollhouse_private.has_visible(text)'),
    ('tollhouse_private.highest_cost(bigint,bigint,bigint,bigint,integer,integer)'),
    ('tollhouse_private.is_identifier(text)'),
    ('tollhouse_private.json_problem(jsonb)'),
    ('tollhouse_private.killed(text,text,text,text,text)'),
    ('tollhouse_private.new_call_id(timestamp with time zone)'),
    ('tollhouse_private.rate_limits_of(tollhouse_private.route[],timestamp with time zone)'),
    ('tollhouse_private.sound_request(jsonb)'),
    ('tollhouse_private.stricter_capture(text,text)'),
    ('tollhouse_private.switch_stops(tollhouse_private.kill_switches,text,text,text,text,text)'),
    ('tollhouse_private.value_fits(jsonb,text)'),
    ('tollhouse_private.users_in_line(text,text,integer)'),
    ('tollhouse_private.with_overrun(bigint,numeric)'),
    ('tollhouse_private.work_of(tollhouse_private.jobs,tid)'),
    -- The caller's query runs in it, on the caller's path.
    ('tollhouse.enqueue_query(text)'),
    -- A procedure with a SET clause could not commit.
    ('tollhouse_worker.record_and_claim(uuid,jsonb,integer,jsonb)')
  $$,
  'every function pins its search_path to pg_catalog, pg_temp, but for the listed helpers'
);
select is_empty(
  $$
    select name from routine
    where 'search_path=pg_catalog, pg_temp' <> all (coalesce(proconfig, '{}'))
      and (prosecdef or (lanname <> 'sql' and prokind <> 'p'))
      and name <> 'tollhouse.enqueue_query(text)'
  $$,
  'a function that pins no search_path runs as its caller, and is SQL but for the one that runs the caller''s query'
);
select is_empty(
  $$ select name from routine where proowner not in ('tollhouse_owner'::regrole, 'tollhouse_engine'::regrole) $$,
  'every function, and so every security definer, belongs to the owner or the engine'
);
select is_empty(
  $$
    select name from routine
    where proacl is null
      or exists (select from aclexplode(proacl) as a where a.grantee = 0)
  $$,
  'PUBLIC may execute none of them'
);
select is_empty(
  $$ select name from routine where proisstrict $$,
  'none is strict: a null argument never skips a body'
);
select is_empty(
  $$ select name from routine where proleakproof or lanname not in ('sql', 'plpgsql') $$,
  'none claims to be leakproof, none is in a language that is not trusted'
);
select is_empty(
  $$
    select name from routine
    where pronamespace in ('tollhouse_worker'::regnamespace, 'tollhouse_ops'::regnamespace)
      and proowner <> 'tollhouse_engine'::regrole
    union all
    select name from routine
    where pronamespace = 'tollhouse'::regnamespace
      and proowner <> 'tollhouse_owner'::regrole
  $$,
  'what clients call runs as the owner, within one tenant; what workers and operators call, as the engine'
);

select * from finish();
rollback;
