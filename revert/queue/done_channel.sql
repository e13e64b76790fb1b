-- Revert tollhouse:queue/done_channel from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.done_channel();

commit;
