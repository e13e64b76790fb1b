-- Revert tollhouse:ops/login_bindings from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.unbind_login(name, text);
drop function tollhouse_ops.bind_login(name, text, text, text, boolean);
drop function tollhouse_private.drop_bindings(name);

commit;
