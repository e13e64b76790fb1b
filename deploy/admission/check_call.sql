-- Deploy tollhouse:admission/check_call to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.check_call(
  p_task tollhouse_private.task_types,
  p_request jsonb,
  p_request_id text,
  p_model text,
  p_watermark text,
  p_max_cost_micro_usd bigint,
  p_run_at timestamptz,
  p_metadata jsonb,
  p_now timestamptz
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_bytes integer := octet_length(p_request::text);
  v_problem text;
  v_output_tokens integer;
begin
  if v_bytes > p_task.max_request_bytes then
    raise exception using errcode = 'TH103', message = 'request too large',
      detail = format('%s bytes, endpoint %s takes %s', v_bytes, p_task.endpoint, p_task.max_request_bytes),
      hint = 'Shorten the request, or ask an operator to raise max_request_bytes (tollhouse_ops.set_task_type).';
  end if;
  v_problem := tollhouse_private.request_problem(p_request);
  if v_problem is not null then
    raise exception using errcode = 'TH102', message = 'invalid request', detail = v_problem,
      hint = 'A request is {"prompt": "…"} or {"messages": [{"role": "user", "content": "…"}]} with chat-completions parameters.';
  end if;
  v_output_tokens := coalesce((p_request ->> 'max_completion_tokens')::integer, (p_request ->> 'max_tokens')::integer);
  if v_output_tokens > p_task.max_output_tokens then
    raise exception using errcode = 'TH102', message = 'invalid request',
      detail = format('%s output tokens asked for, endpoint %s allows %s', v_output_tokens, p_task.endpoint, p_task.max_output_tokens),
      hint = 'Ask for less, or ask an operator to raise max_output_tokens (tollhouse_ops.set_task_type).';
  end if;
  if p_request_id !~ '^[\x21-\x7e]{1,200}$' then
    raise exception using errcode = 'TH104', message = 'bad request id', detail = format('%L', left(p_request_id, 200)),
      hint = '1 to 200 visible ASCII characters; or null, and one is made.';
  end if;
  if p_max_cost_micro_usd < 0 then
    raise exception using errcode = 'TH105', message = 'negative cost', detail = format('max_cost_micro_usd %s', p_max_cost_micro_usd),
      hint = 'Give micro-USD (1 USD = 1000000), or null for no limit of its own.';
  end if;
  if cardinality(p_task.models) = 0 or p_model <> all (p_task.models) then
    raise exception using errcode = 'TH106',
      message = case when p_model is null then 'endpoint has no model' else 'unknown model' end,
      detail = format('endpoint %s, model %s', p_task.endpoint, coalesce(quote_literal(left(p_model, 128)), 'of its own choice')),
      hint = coalesce(
        'This endpoint has: ' || nullif(array_to_string(p_task.models, ', '), '') || '.',
        'Ask an operator to give it models (tollhouse_ops.set_task_type).');
  end if;
  if p_watermark is null or length(p_watermark) > 200 or not (p_watermark = '' or tollhouse_private.has_visible(p_watermark)) then
    raise exception using errcode = 'TH108', message = 'bad watermark',
      detail = case when p_watermark is null then 'it is null' else format('%s characters', length(p_watermark)) end,
      hint = 'A text of 200 characters at most, something of which can be seen; leave it out for none.';
  end if;
  if octet_length(p_metadata::text) > 16384 or jsonb_typeof(p_metadata) <> 'object'
    or tollhouse_private.json_problem(p_metadata) is not null
  then
    raise exception using errcode = 'TH109', message = 'bad metadata',
      detail = coalesce(tollhouse_private.json_problem(p_metadata),
        format('a JSON %s of %s bytes', jsonb_typeof(p_metadata), octet_length(p_metadata::text))),
      hint = 'An object of 16384 bytes at most; or null.';
  end if;
  if p_run_at > p_now + interval '1 year' or not isfinite(p_run_at) then
    raise exception using errcode = 'TH111', message = 'bad run_at', detail = format('run_at %s', p_run_at),
      hint = 'A time within a year from now; or null for at once.';
  end if;
end
$$;
comment on function tollhouse_private.check_call(tollhouse_private.task_types, jsonb, text, text, text, bigint, timestamptz, jsonb, timestamptz) is
  'Whether an endpoint takes a call. Raises TH102 to TH106, TH108, TH109, TH111.';

revoke execute on function tollhouse_private.check_call(tollhouse_private.task_types, jsonb, text, text, text, bigint, timestamptz, jsonb, timestamptz) from public;

commit;
