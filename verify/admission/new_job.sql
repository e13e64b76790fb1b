-- Verify tollhouse:admission/new_job on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.new_job(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb, timestamptz)',
  'tollhouse_owner', 'invoker', '{}'
);

rollback;
