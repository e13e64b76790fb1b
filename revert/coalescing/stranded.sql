-- Revert tollhouse:coalescing/stranded from pg

begin;

drop function tollhouse_private.wake_stranded();
drop function tollhouse_private.wake_followers();

commit;
