-- Verify tollhouse:pricing/model_overruns on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.model_overruns', 'tollhouse_owner',
  '{model, day, factor, highest, call_id, learned_at}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);
select tollhouse_private.verify_function(
  'tollhouse_private.with_overrun(bigint, numeric)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.overrun_of(text, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
