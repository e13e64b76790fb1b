-- Verify tollhouse:ledger/refusal_reasons on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.refusal_reasons', 'tollhouse_owner',
  '{reason, guard, position, sentence, remedy}',
  array['tollhouse_engine, tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select']
);
select tollhouse_private.verify_function(
  'tollhouse_private.refusing_guard(text)',
  'tollhouse_owner', 'definer', '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_that(count(*) = 7, 'tollhouse_private.refusal_reasons does not hold its seven reasons')
from tollhouse_private.refusal_reasons;

rollback;
