begin;
select plan(3);

\ir attempts.psql

select results_eq(
  $$select tenant_id, model, attempts, retries, without_answer, abandoned, late, charged_without_answer_usd, corrected_by_late_usd from tollhouse.retries order by tenant_id, model$$,
  $$values ('acme', 'large', 4::bigint, 2::bigint, 2::bigint, 1::bigint, 1::bigint, 0.002000, -0.000800), ('acme', 'small', 100, 0, 0, 0, 0, 0.000000, 0.000000),
    ('globex', 'large', 1, 0, 0, 0, 0, 0.000000, 0.000000)$$,
  'retries: attempts that were not their call''s first, by what the calls went through, not by the attempt''s number'
);

set local tollhouse.tenant_id = 'globex';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, attempts from tollhouse.retries', $$values ('globex', 1::bigint)$$, 'a tenant reads its own attempts');
set local tollhouse.user_id = 'bob';
select is_empty('select from tollhouse.retries', 'another user sees none of them');

select * from finish();
rollback;
