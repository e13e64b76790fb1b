-- Revert tollhouse:queue/settlement from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.dues(tollhouse_private.settlement[], timestamptz);
drop type tollhouse_private.due;
drop type tollhouse_private.settlement;
drop type tollhouse_private.attempt_result;

commit;
