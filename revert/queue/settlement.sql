-- Revert tollhouse:queue/settlement from pg

begin;
set local role tollhouse_owner;

drop type tollhouse_private.settlement;
drop type tollhouse_private.attempt_result;

commit;
