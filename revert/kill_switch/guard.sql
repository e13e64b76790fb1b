-- Revert tollhouse:kill_switch/guard from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.guard_kill_switch(tollhouse_private.work[]);

commit;
