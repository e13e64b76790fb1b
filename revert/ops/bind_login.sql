-- Revert tollhouse:ops/bind_login from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.bind_login(name, text, text, text, boolean);

commit;
