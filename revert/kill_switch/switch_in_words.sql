-- Revert tollhouse:kill_switch/switch_in_words from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.switch_in_words(tollhouse_private.jobs);

commit;
