-- Verify tollhouse:kill_switch/switch_in_words on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.switch_in_words(tollhouse_private.jobs)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
