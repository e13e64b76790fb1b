-- Verify tollhouse:kill_switch/switch_stops on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
