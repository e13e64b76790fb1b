begin;
select plan(16);
\ir scene.psql

-- set_settings
savepoint apart;
select is(pg_temp.leaves($$set_settings('the auditors said so', p_content_retention => '30 days', p_ledger_retention => '10 years')$$), 1::bigint, 'retention is changed, and it is audited');
select results_eq('select lease, delivery_ttl, content_retention, ledger_retention, months_ahead from tollhouse_private.settings',
  $$values ('15 seconds'::interval, '15 minutes'::interval, '30 days'::interval, '10 years'::interval, 3)$$, 'what is not named stays as it is');
select matches(pg_temp.audited(), '^set_settings \| {} \| the auditors said so \| {.*"content_retention": "90 days".*} \| {.*"content_retention": "30 days".*}$', 'what it was is on record');
select pg_temp.refuses('TH301', $$set_settings('', p_lease => '20 seconds')$$, 'that takes a reason');
select pg_temp.refuses('TH303', $$set_settings('test', p_lease => '11 minutes')$$, 'a lease has its bounds');
select pg_temp.refuses('TH303', $$set_settings('test', p_delivery_ttl => '0')$$, 'so has a delivery');
select pg_temp.refuses('TH303', $$set_settings('test', p_ledger_retention => '1 day')$$, 'the ledger is kept no shorter than content');
select pg_temp.refuses('TH303', $$set_settings('test', p_months_ahead => 0)$$, 'a month ahead there must be');
select is((select lease from tollhouse_private.settings), '15 seconds'::interval, 'a refusal changes nothing');
rollback to apart;

-- set_capture_policy
select is(pg_temp.leaves($$set_capture_policy('acme', 'none', 'asked for')$$), 1::bigint, 'a tenant''s capture policy is set, and it is audited');
select pg_temp.leaves($$set_capture_policy('acme', 'metadata', 'asked again')$$);
select is(pg_temp.audited(), 'set_capture_policy | {"tenant_id": "acme"} | asked again | {"tenant_id": "acme", "capture_policy": "none"} | {"capture_policy": "metadata"}', 'before and after are on record');
select pg_temp.refuses('TH301', $$set_capture_policy('acme', 'full', null)$$, 'that takes a reason');
select pg_temp.refuses('TH303', $$set_capture_policy('acme', 'some', 'test')$$, 'a policy that does not exist is refused');
select pg_temp.refuses('TH303', $$set_capture_policy('acme', null, 'test')$$, 'so is none');
select pg_temp.refuses('TH303', $$set_capture_policy('a b', 'full', 'test')$$, 'and a malformed tenant');
select is((select capture_policy from tollhouse_private.tenant_settings), 'metadata', 'a refusal changes nothing');

select * from finish();
rollback;
