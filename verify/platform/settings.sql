-- Verify tollhouse:platform/settings on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.settings', 'tollhouse_owner',
  '{only_row, lease, delivery_ttl, content_retention, ledger_retention, months_ahead}',
  array['tollhouse_engine: select, update', 'tollhouse_operator, tollhouse_auditor: select']
);
select tollhouse_private.verify_that(count(*) = 1, 'tollhouse_private.settings does not hold its one row')
from tollhouse_private.settings;

rollback;
