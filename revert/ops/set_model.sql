-- Revert tollhouse:ops/set_model from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_model(text, text, text, text);

commit;
