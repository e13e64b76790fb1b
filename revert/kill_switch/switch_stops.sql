-- Revert tollhouse:kill_switch/switch_stops from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text);

commit;
