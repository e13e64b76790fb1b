begin;
select plan(6);

select has_composite('tollhouse_private', 'attempt_result', 'how an attempt ended is a type of its own');
select has_composite('tollhouse_private', 'settlement', 'so is what becomes of a call');
select set_eq(
  $$select a.attname::text from pg_attribute as a where a.attrelid = 'tollhouse_private.attempt_result'::regclass and a.attnum > 0$$,
  array['tenant_id', 'call_id', 'attempt', 'outcome', 'sent', 'http_status', 'error_code', 'error_message', 'retry_after_ms', 'latency_ms',
    'provider_request_id', 'input_tokens', 'cached_input_tokens', 'output_tokens', 'reasoning_tokens', 'saved_micro_usd', 'provider', 'model', 'response', 'reasoning', 'metadata', 'materialize', 'usage_doubtful'],
  'these are the keys of a result, and no others are read');
select has_composite('tollhouse_private', 'due', 'and what a payer owes');

create function pg_temp.ended(p_user_id text, p_month date, p_outcome text, p_reserved bigint, p_cost bigint) returns tollhouse_private.settlement language sql as $$
  select jsonb_populate_record(null::tollhouse_private.settlement, jsonb_build_object('cost_micro_usd', p_cost, 'result', jsonb_build_object('outcome', p_outcome),
    'job', jsonb_build_object('tenant_id', 'acme', 'user_id', p_user_id, 'budget_month', p_month, 'reserved_micro_usd', p_reserved)))
$$;
select set_eq(
  $$select d.* from unnest(tollhouse_private.dues(array[
    pg_temp.ended('ann', '2026-01-01', 'success', 10, 7), pg_temp.ended('ann', '2026-01-01', 'not_sent', 10, 0),
    pg_temp.ended('ann', '2026-02-01', 'success', 10, 5), pg_temp.ended('bob', '2026-02-01', 'timeout', 20, 20)
  ], '2026-02-01 00:59Z')) as d$$,
  $$values
    ('acme', '', '2026-01-01'::date, '2026-02-01 00:00Z'::timestamptz, 1::bigint, 20::bigint, 7::bigint),
    ('acme', 'ann', '2026-01-01', '2026-02-01 00:00Z', 1, 20, 7),
    ('acme', '', '2026-02-01', '2026-02-01 00:00Z', 2, 30, 25),
    ('acme', 'ann', '2026-02-01', '2026-02-01 00:00Z', 1, 10, 5),
    ('acme', 'bob', '2026-02-01', '2026-02-01 00:00Z', 1, 20, 20)$$,
  'a batch is added up once for each user, the tenant, and the month that reserved; what was not sent is no attempt');
select is(tollhouse_private.dues('{}', now()), null, 'of nothing nobody owes anything');

select * from finish();
rollback;
