-- Revert tollhouse:platform/call_ids from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.call_created_at(uuid);
drop function tollhouse_private.new_call_id(timestamptz);

commit;
