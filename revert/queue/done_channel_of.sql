-- Revert tollhouse:queue/done_channel_of from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.done_channel_of(text, text);
drop function tollhouse_private.done_channel_name(text, text, text);

commit;
