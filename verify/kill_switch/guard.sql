-- Verify tollhouse:kill_switch/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_kill_switch(tollhouse_private.work[])',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
