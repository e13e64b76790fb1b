-- Revert tollhouse:admission/admit from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.turn_away(tollhouse_private.jobs[], tollhouse_private.verdict[], timestamptz);
drop function tollhouse_private.decide(tollhouse_private.jobs[], timestamptz);

commit;
