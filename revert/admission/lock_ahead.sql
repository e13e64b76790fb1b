-- Revert tollhouse:admission/lock_ahead from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.lock_ahead(tollhouse_private.work[], timestamptz);

commit;
