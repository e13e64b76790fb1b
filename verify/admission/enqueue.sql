-- Verify tollhouse:admission/enqueue on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb)',
  'tollhouse_owner', 'definer', '{tollhouse_client}'
);
select tollhouse_private.verify_function(
  'tollhouse.enqueue_as(text, text, text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb)',
  'tollhouse_owner', 'definer', '{tollhouse_client}'
);

rollback;
