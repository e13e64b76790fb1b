begin;
select plan(25);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.kill_switches')$$,
  array[
    'scope text not null',
    'tenant_id text not null default ''''::text',
    'target text not null',
    'reason text not null',
    'set_by name not null',
    'set_at timestamp with time zone not null'
  ],
  'kill_switches has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.kill_switches')$$,
  array[
    'kill_switches_pkey',
    'kill_switches_scope_check',
    'kill_switches_target_check',
    'kill_switches_tenant_id_check'
  ],
  'kill_switches has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'kill_switches', array['scope', 'tenant_id', 'target']::name[], 'kill_switches: the key');
select indexes_are('tollhouse_private', 'kill_switches', array['kill_switches_pkey'], 'kill_switches has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'kill_switches: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.kill_switches'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.kill_switches')$$,
  array[
    'kill_switches_all_engine: all for tollhouse_engine',
    'kill_switches_select_client: select for tollhouse_client',
    'kill_switches_select_operator: select for tollhouse_auditor, tollhouse_monitor, tollhouse_operator',
    'kill_switches_select_owner: select for tollhouse_owner'
  ],
  'kill_switches has exactly these policies'
);
create function pg_temp.switch(p_scope text, p_tenant_id text, p_target text) returns void language sql as $$
  insert into tollhouse_private.kill_switches values (p_scope, p_tenant_id, p_target, 'test', 'test', now())
$$;
select lives_ok(format('select pg_temp.switch(%L, %L, %L)', v.scope, v.tenant_id, v.target), format('scope %s is there', v.scope))
from (values
  ('global', '', '*'), ('provider', '', 'north'), ('model', '', 'small'), ('endpoint', '', 'route'),
  ('tenant', 'acme', 'acme'), ('user', 'acme', 'ann')
) as v (scope, tenant_id, target);
select throws_ok(format('select pg_temp.switch(%L, %L, %L)', v.scope, v.tenant_id, v.target), '23514', null, v.why)
from (values
  ('everything', '', '*', 'there is no other scope'),
  ('global', '', 'acme', 'the target of a global switch is *'),
  ('global', 'acme', '*', 'a global switch has no tenant'),
  ('provider', 'acme', 'north', 'a provider switch has no tenant'),
  ('tenant', '', 'acme', 'a tenant switch has one'),
  ('user', '', 'ann', 'a user switch has one')
) as v (scope, tenant_id, target, why);
select throws_ok($$select pg_temp.switch('user', 'acme', 'ann')$$, '23505', null, 'a switch is pulled once');
do $$
begin
  perform pg_temp.switch('user', 'acme', 'bob'), pg_temp.switch('user', 'globex', 'ann'), pg_temp.switch('tenant', 'globex', 'globex');
end
$$;

-- Who learns of which switch.
create function pg_temp.seen(p_tenant_id text, p_user_id text) returns text language plpgsql as $$
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  return (select string_agg(concat_ws(':', ks.scope, nullif(ks.tenant_id, ''), ks.target), ' ' order by ks.scope, ks.tenant_id, ks.target) from tollhouse.kill_switches as ks);
end
$$;
set local role tollhouse_client;
select is(pg_temp.seen('', ''), null, 'without an identity no switch is seen');
select is(
  pg_temp.seen('acme', 'ann'), 'endpoint:route global:* model:small provider:north tenant:acme:acme user:acme:ann',
  'a user sees what stops everybody, its tenant or itself'
);
select is(
  pg_temp.seen('acme', 'cid'), 'endpoint:route global:* model:small provider:north tenant:acme:acme',
  'not what stops another user of the tenant'
);
select is(
  pg_temp.seen('initech', 'ann'), 'endpoint:route global:* model:small provider:north', 'nor another tenant or its user of the same name'
);
select is_empty(
  $$select from information_schema.columns where table_schema = 'tollhouse' and table_name = 'kill_switches' and column_name = 'set_by'$$,
  'a client does not learn which operator it was'
);
set local role tollhouse_operator;
select is((select count(*) from tollhouse.kill_switches), 9::bigint, 'an operator sees all of them');
reset role;

select * from finish();
rollback;
