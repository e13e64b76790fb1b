-- Revert tollhouse:admission/turn_away from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.turn_away(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz);

commit;
