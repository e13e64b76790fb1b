-- Verify tollhouse:ops/kill_switch on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.pull_kill_switch(text, text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.lift_kill_switch(text, text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function('tollhouse_ops.stop_everything(text)', 'tollhouse_engine', 'definer', '{tollhouse_operator}');
select tollhouse_private.verify_function('tollhouse_ops.resume_everything(text)', 'tollhouse_engine', 'definer', '{tollhouse_operator}');

rollback;
