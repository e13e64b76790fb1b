-- Revert tollhouse:kill_switch/guard from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.switch_in_words(tollhouse_private.jobs);
drop function tollhouse_private.guard_kill_switch(tollhouse_private.work[]);
drop function tollhouse_private.killed(text, text, text, text, text);
drop function tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text);

commit;
