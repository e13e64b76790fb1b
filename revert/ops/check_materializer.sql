-- Revert tollhouse:ops/check_materializer from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.check_materializer(text);

commit;
