begin;
select plan(2);

\ir ../one_provider.psql
select tollhouse_ops.stop_everything('test');
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');

set local role tollhouse_auditor;
select results_eq('select e.why, e.what_to_do from tollhouse_ops.explained_calls as e',
  $$values ('An operator has stopped calls like this one with a kill switch on everything (test).', 'Once it is lifted, enqueue again under a new request id.')$$,
  'a row of the ledger has the sentences that its caller reads');
reset role;
set local role tollhouse_client;
select throws_ok('select tollhouse_ops.explain_ended(null, null, null)', '42501', null, 'a client has explain');
reset role;

select * from finish();
rollback;
