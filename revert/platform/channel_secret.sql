-- Revert tollhouse:platform/channel_secret from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.channel_secret;

commit;
