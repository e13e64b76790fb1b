-- Verify tollhouse:kill_switch/killed on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.killed(text, text, text, text, text)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
