begin;
select plan(28);

\ir cases.psql
create function pg_temp.switched(p_scope text, p_tenant_id text, p_target text) returns boolean language plpgsql as $$
begin
  delete from tollhouse_private.kill_switches;
  insert into tollhouse_private.kill_switches values (p_scope, p_tenant_id, p_target, 'test', 'test', now());
  return tollhouse_private.killed('acme', 'ann', 'route', 'north', 'small');
end
$$;
select is(tollhouse_private.killed('acme', 'ann', 'route', 'north', 'small'), false, 'no switch is pulled: nothing is stopped');
select is(pg_temp.switched(c.scope, c.tenant_id, c.target), c.stops, c.why)
from cases as c;

create function pg_temp.stopped(p_scope text, p_tenant_id text, p_target text) returns boolean language plpgsql as $$
begin
  perform pg_temp.switched(p_scope, p_tenant_id, p_target);
  return tollhouse_private.killed(null, null, null, null, null);
end
$$;
select is(pg_temp.stopped('global', '', '*'), true, 'the global switch stops what nothing is known of');
select is(pg_temp.stopped(v.scope, v.tenant_id, v.target), false, format('what is not decided yet is not stopped by a switch of scope %s, and the answer is never null', v.scope))
from (values ('provider', '', 'north'), ('model', '', 'small'), ('endpoint', '', 'route'), ('tenant', 'acme', 'acme'), ('user', 'acme', 'ann')) as v (scope, tenant_id, target);

-- The owner decides for one tenant at a time, and must see all that concerns it.
create function pg_temp.as_owner(p_scope text, p_tenant_id text, p_target text) returns boolean language plpgsql as $$
declare
  v_killed boolean;
begin
  perform pg_temp.switched(p_scope, p_tenant_id, p_target);
  perform set_config('tollhouse.tenant_id', 'acme', true), set_config('tollhouse.user_id', 'ann', true);
  set local role tollhouse_owner;
  v_killed := tollhouse_private.killed('acme', 'ann', 'route', 'north', 'small');
  reset role;
  return v_killed;
end
$$;
select is(pg_temp.as_owner(v.scope, v.tenant_id, v.target), true, format('enqueue, which decides as the owner, sees a switch of scope %s', v.scope))
from (values
  ('global', '', '*'), ('provider', '', 'north'), ('model', '', 'small'), ('endpoint', '', 'route'), ('tenant', 'acme', 'acme'), ('user', 'acme', 'ann')
) as v (scope, tenant_id, target);

select * from finish();
rollback;
