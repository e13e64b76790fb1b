begin;
select plan(7);

\ir scene.psql

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
