-- Revert tollhouse:cache/wake_stranded from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.wake_stranded();

commit;
