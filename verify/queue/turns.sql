-- Verify tollhouse:queue/turns on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.turns', 'tollhouse_owner',
  '{tenant_id, line, last_user_id}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies('tollhouse_private.turns', '{turns_all_engine, turns_select_operator}');
select tollhouse_private.verify_function('tollhouse_private.note_turns(text, text[], text[])', 'tollhouse_engine', 'invoker', '{}');

rollback;
