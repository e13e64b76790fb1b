-- Verify tollhouse:queue/verdict on pg

begin;

select tollhouse_private.verify_type('tollhouse_private.verdict', 'tollhouse_owner');
select tollhouse_private.verify_type('tollhouse_private.route', 'tollhouse_owner');
select tollhouse_private.verify_function(
  'tollhouse_private.undecided(tollhouse_private.work[], tollhouse_private.verdict[])',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.undecided(tollhouse_private.route[], tollhouse_private.verdict[])',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
