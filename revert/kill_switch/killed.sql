-- Revert tollhouse:kill_switch/killed from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.killed(text, text, text, text, text);

commit;
