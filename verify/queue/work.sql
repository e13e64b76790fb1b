-- Verify tollhouse:queue/work on pg

begin;

select tollhouse_private.verify_type('tollhouse_private.work', 'tollhouse_owner');
select tollhouse_private.verify_function(
  'tollhouse_private.work_of(tollhouse_private.jobs, tid)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
