-- Deploy tollhouse:admission/enqueue_many to pg

begin;
set local role tollhouse_owner;

create function tollhouse.enqueue_many(
  p_calls jsonb
)
  returns table (
    call_id uuid,
    request_id text,
    status text,
    blocked_reason text,
    was_cached boolean,
    deduplicated boolean
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_keys constant text[] := array[
    'endpoint', 'request', 'request_id', 'model', 'watermark', 'use_cache', 'max_cost_micro_usd', 'run_at', 'metadata'
  ];
  v_item record;
  v_key text;
  v_call record;
  v_message text;
  v_detail text;
  v_hint text;
begin
  if p_calls is null or jsonb_typeof(p_calls) <> 'array' then
    raise exception using errcode = 'TH102', message = 'invalid request', detail = 'p_calls is not a JSON array',
      hint = 'Pass [{"endpoint": …, "request": …, "request_id": …}, …].';
  end if;

  -- In the order of their keys, so that two batches with common ids never wait for each other in a circle.
  for v_item in
    select item.body, item.position
    from jsonb_array_elements(p_calls) with ordinality as item (body, position)
    order by item.body ->> 'endpoint', item.body ->> 'request_id', item.position
  loop
    begin
      if jsonb_typeof(v_item.body) <> 'object' then
        raise exception using errcode = 'TH102', message = 'invalid request', detail = 'it is not a JSON object',
          hint = 'Pass [{"endpoint": …, "request": …, "request_id": …}, …].';
      end if;
      select k.key into v_key from jsonb_object_keys(v_item.body) as k (key) where k.key <> all (c_keys) order by 1 limit 1;
      if found then
        raise exception using errcode = 'TH102', message = 'invalid request', detail = format('unknown key %I', left(v_key, 60)),
          hint = 'Known: ' || array_to_string(c_keys, ', ') || '.';
      end if;
      select c.* into v_call
      from jsonb_to_record(v_item.body) as c (
        endpoint text, request jsonb, request_id text, model text, watermark text, use_cache boolean,
        max_cost_micro_usd bigint, run_at timestamptz, metadata jsonb
      );
      return query
      select e.*
      from tollhouse.enqueue(
        v_call.endpoint, v_call.request, v_call.request_id, v_call.model, coalesce(v_call.watermark, ''),
        coalesce(v_call.use_cache, true), v_call.max_cost_micro_usd, v_call.run_at, v_call.metadata
      ) as e;
    exception
      when others then
        get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
        if sqlstate like '22%' then
          raise exception using errcode = 'TH102', message = 'invalid request',
            detail = format('call %s of the array: %s', v_item.position, v_message),
            hint = 'A field has a value of the wrong type.';
        end if;
        if sqlstate not like 'TH%' then
          raise;
        end if;
        raise exception using errcode = sqlstate, message = v_message,
          detail = format('call %s of the array: %s', v_item.position, v_detail), hint = v_hint;
    end;
  end loop;
end
$$;
comment on function tollhouse.enqueue_many(jsonb) is
  'enqueue for each object of an array (keys: its parameters without p_), all or none; the error names the call. Rows come back ordered by endpoint and request id. Raises as enqueue does.';

revoke execute on function tollhouse.enqueue_many(jsonb) from public;
grant execute on function tollhouse.enqueue_many(jsonb) to tollhouse_client;

commit;
