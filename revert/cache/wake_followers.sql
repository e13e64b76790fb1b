-- Revert tollhouse:cache/wake_followers from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.wake_followers();

commit;
