-- Revert tollhouse:platform/new_call_id from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.new_call_id(timestamptz);

commit;
