begin;
select plan(3);

select has_composite('tollhouse_private', 'attempt_result', 'how an attempt ended is a type of its own');
select has_composite('tollhouse_private', 'settlement', 'so is what becomes of a call');
select set_eq(
  $$select a.attname::text from pg_attribute as a where a.attrelid = 'tollhouse_private.attempt_result'::regclass and a.attnum > 0$$,
  array['tenant_id', 'call_id', 'attempt', 'outcome', 'sent', 'http_status', 'error_code', 'error_message', 'retry_after_ms', 'latency_ms',
    'provider_request_id', 'input_tokens', 'cached_input_tokens', 'output_tokens', 'reasoning_tokens', 'saved_micro_usd', 'provider', 'model', 'response', 'reasoning', 'metadata', 'materialize', 'usage_doubtful'],
  'these are the keys of a result, and no others are read');

select * from finish();
rollback;
