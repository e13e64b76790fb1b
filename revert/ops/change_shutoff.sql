-- Revert tollhouse:ops/change_shutoff from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.change_shutoff(text, text, text, jsonb, text);

commit;
