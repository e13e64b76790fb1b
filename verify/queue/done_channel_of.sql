-- Verify tollhouse:queue/done_channel_of on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.done_channel_of(text, text)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.done_channel_name(text, text, text)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
