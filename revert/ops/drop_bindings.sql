-- Revert tollhouse:ops/drop_bindings from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.drop_bindings(name);

commit;
