begin;
select plan(11);

select columns_are('tollhouse_private', 'breakers', array[
  'tenant_id', 'user_id', 'provider', 'state', 'consecutive_failures', 'opened_at', 'open_until', 'probe_call_id', 'reason'
], 'a breaker knows its state, its failures and its probe');
select col_is_pk('tollhouse_private', 'breakers', array['tenant_id', 'user_id', 'provider'], 'one breaker per tenant, user and provider');
select policies_are('tollhouse_private', 'breakers',
  array['breakers_all_engine', 'breakers_select_identity', 'breakers_select_operator'], 'a tenant reads its own breakers only');
select indexes_are('tollhouse_private', 'breakers', array['breakers_pkey', 'breakers_open_idx'],
  'open breakers are found without reading the closed ones');

-- A state that could let two probes out, or none ever again, can't be written.
prepare broken (text, timestamptz, uuid) as
  insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, open_until, probe_call_id) values ('acme', 'ann', 'mock', $1, $2, $3);
select throws_ok($$execute broken ('ajar', null, null)$$, '23514', null, 'a breaker is closed, open or half-open');
select throws_ok($$execute broken ('open', null, null)$$, '23514', null, 'an open breaker has an end');
select throws_ok($$execute broken ('open', '2030-01-01Z', '00000000-0000-0000-0000-000000000001')$$, '23514', null, 'an open breaker has no probe yet');
select throws_ok($$execute broken ('half_open', '2030-01-01Z', null)$$, '23514', null, 'a half-open breaker has a probe');
select throws_ok($$execute broken ('closed', '2030-01-01Z', null)$$, '23514', null, 'a closed breaker has no end');

insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, open_until)
values ('acme', 'ann', 'mock', 'open', '2030-01-01Z'), ('acme', 'bob', 'mock', 'open', '2030-01-01Z'), ('globex', 'ann', 'mock', 'open', '2030-01-01Z');
select tollhouse.set_identity('acme', 'ann');
set local role tollhouse_client;
select results_eq('select tenant_id, user_id from tollhouse.breakers', $$values ('acme', 'ann')$$, 'a user sees their own breaker and nobody else''s');
reset role;
set local role tollhouse_auditor;
select is((select count(*) from tollhouse.breakers), 3::bigint, 'an auditor sees them all');
reset role;

select * from finish();
rollback;
