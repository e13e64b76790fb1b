begin;
select plan(2);

select columns_are('tollhouse_private', 'budget_optimization_jobs', array['tenant_id', 'call_id', 'created_at', 'user_id', 'objective', 'recommendation'],
  'a budget optimization is an objective and a recommendation');
select col_is_pk('tollhouse_private', 'budget_optimization_jobs', array['tenant_id', 'call_id'], 'one budget optimization a call');

select * from finish();
rollback;
