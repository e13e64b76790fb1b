-- Revert tollhouse:execution/append_attempts from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz);

commit;
