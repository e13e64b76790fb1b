-- Verify tollhouse:admission/new_jobs on pg

begin;

select tollhouse_private.verify_type('tollhouse_private.asked_call', 'tollhouse_engine');
select tollhouse_private.verify_function(
  'tollhouse_private.new_jobs(text, text, tollhouse_private.asked_call[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
