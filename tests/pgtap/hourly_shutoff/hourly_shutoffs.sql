begin;
select plan(22);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.hourly_shutoffs')$$,
  array[
    'tenant_id text not null',
    'user_id text not null default ''''::text',
    'threshold_micro_usd bigint',
    'cooldown interval',
    'disabled_until timestamp with time zone',
    'mode text',
    'reason text'
  ],
  'hourly_shutoffs has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.hourly_shutoffs')$$,
  array[
    'hourly_shutoffs_cooldown_check',
    'hourly_shutoffs_mode_check',
    'hourly_shutoffs_pkey',
    'hourly_shutoffs_threshold_check'
  ],
  'hourly_shutoffs has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'hourly_shutoffs', array['tenant_id', 'user_id']::name[], 'hourly_shutoffs: the key');
select indexes_are('tollhouse_private', 'hourly_shutoffs', array['hourly_shutoffs_pkey'], 'hourly_shutoffs has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'hourly_shutoffs: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.hourly_shutoffs'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.hourly_shutoffs')$$,
  array[
    'hourly_shutoffs_all_engine: all for tollhouse_engine',
    'hourly_shutoffs_select_client: select for tollhouse_client',
    'hourly_shutoffs_select_operator: select for tollhouse_auditor, tollhouse_monitor, tollhouse_operator',
    'hourly_shutoffs_select_owner: select for tollhouse_owner'
  ],
  'hourly_shutoffs has exactly these policies'
);

create function pg_temp.shut(p_change jsonb) returns void language sql as $$
  insert into tollhouse_private.hourly_shutoffs
  select (jsonb_populate_record(null::tollhouse_private.hourly_shutoffs, '{"tenant_id": "acme", "user_id": "ann"}'::jsonb || p_change)).*
$$;
select throws_ok(format('select pg_temp.shut(%L)', change), '23514', null, change || ' is refused')
from unnest(array[
  '{"threshold_micro_usd": 0}', '{"threshold_micro_usd": -1}', '{"cooldown": "0"}', '{"cooldown": "-1 s"}', '{"cooldown": "367 days"}',
  '{"disabled_until": "2026-01-01"}', '{"mode": "manual"}', '{"disabled_until": "2026-01-01", "mode": "perhaps"}'
]) as change;
select lives_ok(format('select pg_temp.shut(%L)', change), change || ' is a row')
from unnest(array[
  '{"user_id": ""}', '{"threshold_micro_usd": 1, "cooldown": "1 us"}',
  '{"tenant_id": "globex", "disabled_until": "2026-01-01", "mode": "automatic", "reason": "spent"}'
]) as change;
select throws_ok($$select pg_temp.shut('{}')$$, '23505', null, 'a user has one row');

create function pg_temp.seen(p_tenant_id text, p_user_id text) returns text language plpgsql as $$
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  return (select string_agg(format('%s/%s', hs.tenant_id, hs.user_id), ' ' order by hs.tenant_id, hs.user_id) from tollhouse.hourly_shutoffs as hs);
end
$$;
set local role tollhouse_client;
select is(pg_temp.seen('', ''), null, 'without an identity no shutoff is seen');
select is(pg_temp.seen('acme', 'ann'), 'acme/ann', 'a user sees its own and not the whole tenant''s');
select is(pg_temp.seen('acme', 'bob'), null, 'nor another user''s');
select is(pg_temp.seen('initech', 'ann'), null, 'nor another tenant''s');
reset role;

select * from finish();
rollback;
