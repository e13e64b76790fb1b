-- Revert tollhouse:queue/channels from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.wake_idle_worker();
drop function tollhouse.done_channel();
drop function tollhouse_private.done_channel_of(text, text);

commit;
