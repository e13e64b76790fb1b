-- Revert tollhouse:execution/requeue from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz);

commit;
