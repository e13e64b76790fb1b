-- Wrong tenant, wrong user, no identity, malformed identity, and a login that pretends: nobody reads or moves what is another's.
begin;
select plan(43);

\ir two_providers.psql
create role tollhouse_test_tenant login in role tollhouse_client;
create role tollhouse_test_user login in role tollhouse_client;
create role tollhouse_test_admin login in role tollhouse_client;

-- Ann's at acme: something in every table that a client can reach.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
do $$
begin
  perform tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'done'), tollhouse.enqueue('budget_optimization', '{"prompt": "how?"}', 'done');
end
$$;
reset role;
do $$ begin perform pg_temp.worked('success'); end $$;
set local role tollhouse_client;
do $$
begin
  perform tollhouse.enqueue('route', '{"prompt": "where?"}', 'waiting'), tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'cached');
end
$$;
reset role;
do $$
begin
  perform tollhouse_ops.pull_kill_switch('user', 'ann', 'test', 'acme'), tollhouse_ops.set_hourly_threshold('acme', 'ann', 1000000000, 'test'),
    tollhouse_ops.open_breaker('north', 'test', 'acme', 'ann');
  -- And of acme as a whole, which is its administrator's to read.
  perform tollhouse_ops.set_hourly_threshold('acme', '', 1000000000, 'test'), tollhouse_ops.set_monthly_cap('acme', '', 1000000000, 'test');
end
$$;
-- A refusal, for the dashboard that counts them.
set local role tollhouse_client;
do $$
begin
  perform tollhouse.enqueue('route', '{"prompt": "where to?"}', 'refused');
end
$$;
reset role;
-- And a cancel that came when the call was over.
insert into tollhouse_private.cancel_requests select c.tenant_id, c.call_id, c.user_id from tollhouse_private.llm_api_calls as c limit 1;
create temporary table ann as
select j.call_id, true as waiting from tollhouse_private.jobs as j
union all
select c.call_id, false from tollhouse_private.llm_api_calls as c;
grant select on ann to public;

-- Every relation on which a client has select; the tables too, which it cannot even name without this grant.
grant usage on schema tollhouse_private, tollhouse_worker, tollhouse_ops to tollhouse_client;
create function pg_temp.reach() returns setof regclass language sql as $$
  select c.oid::regclass from pg_class as c
  where c.relnamespace::regnamespace::text in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and has_table_privilege('tollhouse_client', c.oid, 'select')
$$;
-- What a session sees: relation, rows.
create function pg_temp.seen() returns table (relation text, rows bigint) language plpgsql as $$
declare
  v_relation regclass;
begin
  set local role tollhouse_client;
  for v_relation in select r from pg_temp.reach() as r loop
    relation := v_relation::text;
    execute format('select count(*) from %s as t', v_relation) into rows;
    return next;
  end loop;
  reset role;
end
$$;
create function pg_temp.seen_as(p_tenant_id text, p_user_id text) returns table (relation text, rows bigint) language plpgsql as $$
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  return query select s.* from pg_temp.seen() as s;
end
$$;

select cmp_ok((select count(*) from pg_temp.reach()), '>=', 32::bigint, 'a client reaches the views and the tables behind them');
select is_empty(
  $$select s.relation from pg_temp.seen_as('acme', 'ann') as s where s.rows = 0$$,
  'ann herself sees rows in every one of them: what follows is not empty for want of data'
);
select is_empty($$select s.* from pg_temp.seen_as('', '') as s where s.rows > 0$$, 'no identity: no row anywhere');
select is_empty($$select s.* from pg_temp.seen_as('globex', 'ann') as s where s.rows > 0$$, 'the same user name at another tenant: no row anywhere');
select is_empty($$select s.* from pg_temp.seen_as('globex', 'bob') as s where s.rows > 0$$, 'another tenant''s user: no row anywhere');
select is_empty($$select s.* from pg_temp.seen_as('acme', 'bob') as s where s.rows > 0$$, 'another user of the tenant: no row anywhere, not even of the tenant as a whole');
select is_empty(
  format('select s.* from pg_temp.seen_as(%L, %L) as s where s.rows > 0', v.tenant_id, v.user_id),
  format('tenant %s, user %s: no row anywhere', to_json(v.tenant_id), to_json(v.user_id))
)
from (values
  ('acme', ''), ('', 'ann'), ('acme', 'ann '), (' acme', 'ann'), (e'acme\n', 'ann'), ('ACME', 'ann'), ('%', '%'),
  ('acme'' or ''1''=''1', 'ann'), ('acme', 'ann'' --'), ('{acme}', '{ann}'), ('null', 'null')
) as v (tenant_id, user_id);

-- Logins that are not trusted: their settings say acme and ann, their binding says otherwise.
insert into tollhouse_private.login_bindings (login, tenant_id, user_id, reads_all_users)
values ('tollhouse_test_tenant', 'globex', null, false), ('tollhouse_test_user', 'acme', 'bob', false), ('tollhouse_test_admin', 'globex', null, true);
create function pg_temp.seen_by(p_login name) returns table (relation text, rows bigint) language plpgsql as $$
begin
  execute format('set local session authorization %I', p_login);
  perform set_config('tollhouse.tenant_id', 'acme', true), set_config('tollhouse.user_id', 'ann', true);
  -- Not in pg_temp.seen, which sets a role: this is what the login itself is.
  for relation in select r::text from pg_temp.reach() as r loop
    execute format('select count(*) from %s as t', relation) into rows;
    return next;
  end loop;
  set local session authorization default;
end
$$;
select is_empty($$select s.* from pg_temp.seen_by('tollhouse_test_tenant') as s where s.rows > 0$$, 'a login of another tenant that sets acme and ann: no row anywhere');
select is_empty($$select s.* from pg_temp.seen_by('tollhouse_test_admin') as s where s.rows > 0$$, 'another tenant''s administrator that sets acme and ann: no row anywhere');
select is_empty($$select s.* from pg_temp.seen_by('tollhouse_test_user') as s where s.rows > 0$$, 'another user''s login that sets ann: no row anywhere');
update tollhouse_private.login_bindings set tenant_id = 'acme' where login = 'tollhouse_test_admin';
select is_empty($$select s.relation from pg_temp.seen_by('tollhouse_test_admin') as s where s.rows = 0$$, 'acme''s own administrator sees ann''s rows everywhere');
create temporary table whole (relation text, users text) on commit drop;
grant insert on whole to public;
set local session authorization tollhouse_test_admin;
insert into whole
select r.relation, r.users from (values
  ('monthly_budgets', (select string_agg(distinct t.user_id, ',') from tollhouse.monthly_budgets as t)),
  ('hourly_spend', (select string_agg(distinct t.user_id, ',') from tollhouse.hourly_spend as t)),
  ('hourly_shutoffs', (select string_agg(distinct t.user_id, ',') from tollhouse.hourly_shutoffs as t)),
  ('budget_burn', (select string_agg(distinct t.user_id, ',') from tollhouse.budget_burn as t))
) as r (relation, users);
set local session authorization default;
select is_empty($$select relation from whole where users is distinct from ',ann'$$, 'and those of the tenant as a whole');

-- Functions. Each is tried with ann's call ids and request ids.
create function pg_temp.tried(p_tenant_id text, p_user_id text, p_login name default null) returns text language plpgsql as $$
declare
  v_crossed text[] := '{}';
  v_call record;
  v_said text;
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  if p_login is null then
    set local role tollhouse_client;
  else
    execute format('set local session authorization %I', p_login);
  end if;
  for v_call in select a.call_id, a.waiting from ann as a loop
    begin
      if exists (select from tollhouse.result(v_call.call_id)) then
        v_crossed := v_crossed || 'result'::text;
      end if;
    exception
      when sqlstate 'TH001' then null;
    end;
    begin
      if exists (select from tollhouse.wait_for(v_call.call_id, '0')) then
        v_crossed := v_crossed || 'wait_for'::text;
      end if;
    exception
      when sqlstate 'TH001' then null;
    end;
    begin
      if tollhouse.cancel(v_call.call_id) is not null then
        v_crossed := v_crossed || 'cancel'::text;
      end if;
    exception
      when sqlstate 'TH001' then null;
    end;
  end loop;
  if exists (
    select from (values ('investigation', 'done'), ('route', 'waiting')) as r (endpoint, request_id)
    cross join tollhouse.explain(r.endpoint, r.request_id) as e
    where e.status <> 'unknown' or e.call_id is not null or e.since is not null
  ) then
    v_crossed := v_crossed || 'explain'::text;
  end if;
  begin
    select concat_ws(' ', e.call_id, e.status, e.deduplicated) into v_said
    from tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'done') as e
    where e.deduplicated or exists (select from ann as a where a.call_id = e.call_id) or e.was_cached;
    if found then
      v_crossed := v_crossed || format('enqueue: %s', v_said);
    end if;
    raise sqlstate 'TH107';  -- undoes the attempt
  exception
    when sqlstate 'TH001' or sqlstate 'TH107' then null;
  end;
  reset role;
  set local session authorization default;
  return array_to_string(v_crossed, ', ');
end
$$;
select is(pg_temp.tried(v.tenant_id, v.user_id), '', format('no function crosses: tenant %s, user %s', to_json(v.tenant_id), to_json(v.user_id)))
from (values ('globex', 'ann'), ('globex', 'bob'), ('acme', 'bob'), ('', ''), ('acme', ''), ('acme', 'an n'), ('acme', 'Ann')) as v (tenant_id, user_id);
update tollhouse_private.login_bindings set tenant_id = 'globex' where login = 'tollhouse_test_admin';
select is(pg_temp.tried('acme', 'ann', login), '', format('no function crosses for the bound %s that sets acme and ann', login))
from unnest(array['tollhouse_test_tenant', 'tollhouse_test_user', 'tollhouse_test_admin']::name[]) as login;

create function pg_temp.outcome_of(p_statement text, p_tenant_id text, p_user_id text) returns text language plpgsql as $$
declare
  v_said text;
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  set local role tollhouse_client;
  execute p_statement into v_said;
  reset role;
  return v_said;
exception
  when others then return sqlstate;
end
$$;
select is(
  pg_temp.outcome_of($$select (tollhouse.enqueue('route', '{"prompt": "where?"}', 'waiting')).deduplicated$$, 'acme', 'bob'), 'false',
  'to another user of the tenant a request id is free, and nothing tells whose it is'
);
select is(
  pg_temp.outcome_of($$select (tollhouse.enqueue('route', '{"prompt": "where?"}', 'waiting')).deduplicated$$, 'initech', 'ann'), 'false',
  'to another tenant it is free'
);
select is(
  pg_temp.outcome_of($$
    select concat_ws(' ', e.deduplicated, (select count(*) from tollhouse.jobs as j where j.call_id = e.call_id))
    from tollhouse.enqueue('route', '{"prompt": "where?"}', 'waiting') as e
  $$, 'initech', 'ann'), 't 1',
  'and stays theirs: what enqueue looks up as the engine, it looks up by the tenant'
);
select is(
  (select count(distinct pg_temp.outcome_of('select tollhouse.done_channel()', v.tenant_id, v.user_id))
   from (values ('acme', 'ann'), ('acme', 'bob'), ('globex', 'ann'), ('globex', 'bob')) as v (tenant_id, user_id)),
  4::bigint, 'four users, four done-channels'
);
select is(pg_temp.outcome_of('select tollhouse.done_channel()', 'acme', ''), 'TH001', 'nobody has none');
select results_eq(
  'select a.waiting, j.state, (select count(*) from tollhouse_private.cancel_requests as cr where cr.call_id = a.call_id) from ann as a join tollhouse_private.jobs as j on j.call_id = a.call_id',
  $$values (true, 'queued', 0::bigint)$$, 'after all that, ann''s call is where it was'
);
select is(
  pg_temp.outcome_of(format('select (tollhouse.result(%L)).status', a.call_id), 'acme', 'ann'), case when a.waiting then 'queued' else 'success' end,
  'and ann reads it'
)
from ann as a where a.waiting;

-- The catalog: nothing that belongs to a tenant is without its guard.
select is_empty(
  $$
    select c.oid::regclass from pg_class as c
    where c.relnamespace = 'tollhouse_private'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id')
      and not (c.relrowsecurity and c.relforcerowsecurity)
  $$,
  'every table with a tenant has row-level security, forced on its owner too'
);
select is_empty(
  $$
    select r from pg_temp.reach() as r join pg_class as c on c.oid = r
    where c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
      or c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false)
  $$,
  'every table that a client reaches has it, and every view reads as its reader'
);
select is_empty(
  $$
    select p.schemaname, p.tablename, p.policyname from pg_policies as p
    where p.schemaname = 'tollhouse_private'
      and p.roles && array['tollhouse_client', 'tollhouse_owner', 'public']::name[]
      and not (coalesce(p.qual, '') || coalesce(p.with_check, '') like '%current_tenant_id()%')
  $$,
  'every policy for clients and client functions names the current tenant'
);
select is_empty(
  $$select p.policyname from pg_policies as p where p.schemaname like 'tollhouse%' and 'public' = any (p.roles)$$,
  'no policy is for everybody'
);

select * from finish();
rollback;
