-- Revert tollhouse:platform/call_created_at from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.call_created_at(uuid);

commit;
