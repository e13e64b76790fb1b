-- Revert tollhouse:ops/unbind_login from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.unbind_login(name, text);

commit;
