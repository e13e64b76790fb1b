-- Revert tollhouse:kill_switch/kill_switches from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.kill_switches;

commit;
