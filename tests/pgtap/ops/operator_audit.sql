begin;
select plan(5);

select columns_are('tollhouse_private', 'operator_audit', array['id', 'at', 'operator', 'action', 'target', 'reason', 'before', 'after'], 'an audit row says who, what, why, before and after');
select table_privs_are('tollhouse_private', 'operator_audit', 'tollhouse_engine', array['INSERT'], 'operator functions can only add to it');
select table_privs_are('tollhouse_private', 'operator_audit', 'tollhouse_owner', array['SELECT', 'INSERT', 'REFERENCES', 'TRIGGER'], 'not even its owner can change it');
select tollhouse_private.audit('test', '{"a": 1, "b": null}', 'because', '{"x": 1}', null);
set local role tollhouse_auditor;
select is((select count(*) from tollhouse_ops.operator_audit), 1::bigint, 'an auditor reads the audit');
reset role;
set local role tollhouse_client;
select throws_ok('select from tollhouse_ops.operator_audit', '42501', null, 'a client does not');
reset role;

select * from finish();
rollback;
