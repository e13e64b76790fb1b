begin;
select plan(11);

select results_eq(
  $$
    select n.nspname::text collate "default" || ': ' || n.nspowner::regrole::text || ': ' || (
      select string_agg(a.grantee::regrole || ' ' || lower(a.privilege_type), ', ' order by a.grantee::regrole::text collate "C", a.privilege_type)
      from aclexplode(n.nspacl) as a
      where a.grantee <> n.nspowner
    )
    from pg_namespace as n
    where n.nspname like 'tollhouse%'
      and n.nspname <> 'tollhouse_embedded'  -- where the embedded deployer keeps its books
    order by n.nspname
  $$,
  array[
    'tollhouse: tollhouse_owner: tollhouse_auditor usage, tollhouse_client usage, tollhouse_engine usage, tollhouse_monitor usage, tollhouse_operator usage',
    'tollhouse_ops: tollhouse_engine: tollhouse_auditor usage, tollhouse_monitor usage, tollhouse_operator usage',
    'tollhouse_private: tollhouse_owner: tollhouse_engine create, tollhouse_engine usage',
    'tollhouse_worker: tollhouse_engine: tollhouse_worker usage'
  ],
  'a schema is a trust level: exactly these roles enter it'
);

set local role tollhouse_client;
select throws_ok('select from tollhouse_private.jobs', '42501', null, 'a client does not enter the private schema');
select throws_ok('select tollhouse_worker.reap()', '42501', null, 'a client does not enter the worker''s schema');
select throws_ok('select tollhouse_ops.stop_everything(''x'')', '42501', null, 'a client does not enter the operators'' schema');
set local role tollhouse_worker;
select throws_ok('select from tollhouse_private.jobs', '42501', null, 'the worker does not enter the private schema');
select throws_ok('select from tollhouse.jobs', '42501', null, 'the worker does not enter the clients'' schema');
select throws_ok('select tollhouse_ops.stop_everything(''x'')', '42501', null, 'the worker does not enter the operators'' schema');
set local role tollhouse_operator;
select throws_ok('select from tollhouse_private.jobs', '42501', null, 'an operator does not enter the private schema');
select throws_ok('select tollhouse_worker.reap()', '42501', null, 'an operator does not enter the worker''s schema');
set local role tollhouse_auditor;
select throws_ok('select tollhouse_ops.stop_everything(''x'')', '42501', null, 'an auditor enters the operators'' schema and changes nothing there');
select throws_ok('create table tollhouse.mine ()', '42501', null, 'who may enter a schema may not create in it');
reset role;

select * from finish();
rollback;
