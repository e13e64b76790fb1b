begin;
select plan(1);

\ir ../execution/scene.psql

-- The two together need a commit between them.
select throws_ok($$call tollhouse_worker.record_and_claim('00000000-0000-0000-0000-000000000001', '[]', 10, null)$$, '2D000', null, 'record_and_claim does not run inside a transaction');

select * from finish();
rollback;
