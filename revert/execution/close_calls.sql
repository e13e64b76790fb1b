-- Revert tollhouse:execution/close_calls from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz);

commit;
