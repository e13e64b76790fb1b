begin;
select plan(9);

select col_is_pk('tollhouse_private', 'cancel_requests', array['tenant_id', 'call_id', 'id']::name[], 'any number a call: nobody waits for who else asks');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.cancel_requests'::regclass;
select policies_are('tollhouse_private', 'cancel_requests', array[
  'cancel_requests_all_engine', 'cancel_requests_insert_owner', 'cancel_requests_select_identity', 'cancel_requests_select_operator'
]);

-- What a client function may write, and for whom.
create function pg_temp.ask(p_tenant_id text, p_user_id text) returns void language sql as $$
  insert into tollhouse_private.cancel_requests values (p_tenant_id, gen_random_uuid(), p_user_id)
$$;
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select lives_ok($$select pg_temp.ask('acme', 'ann')$$, 'for its caller');
select throws_ok($$select pg_temp.ask('acme', 'bob')$$, '42501', null, 'not for another user');
select throws_ok($$select pg_temp.ask('globex', 'ann')$$, '42501', null, 'nor for another tenant');
select throws_ok('delete from tollhouse_private.cancel_requests', '42501', null, 'it takes none back');
reset role;

-- And who tidies up.
select tollhouse_worker.reap();
select is((select count(*) from tollhouse_private.cancel_requests), 0::bigint, 'requests whose call is over are removed by the reaper');
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
values ('acme', '00000000-0000-0000-0000-000000000002', 'ann', 'route', 'r', now(), '', 1, 1, now(), '{}');
insert into tollhouse_private.cancel_requests values ('acme', '00000000-0000-0000-0000-000000000002', 'ann');
select tollhouse_worker.reap();
select is((select count(*) from tollhouse_private.cancel_requests), 1::bigint, 'those whose call goes on are not');

select * from finish();
rollback;
