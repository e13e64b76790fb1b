-- Verify tollhouse:kill_switch/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.killed(text, text, text, text, text)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.guard_kill_switch(tollhouse_private.work[])',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.switch_in_words(tollhouse_private.jobs)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
