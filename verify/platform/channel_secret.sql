-- Verify tollhouse:platform/channel_secret on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.channel_secret', 'tollhouse_owner',
  '{only_row, secret}',
  array['tollhouse_engine: select']
);
select tollhouse_private.verify_that(count(*) = 1, 'tollhouse_private.channel_secret does not hold its one row')
from tollhouse_private.channel_secret;

rollback;
