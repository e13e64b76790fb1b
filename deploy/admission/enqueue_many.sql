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
  v_identity record;
  v_calls tollhouse_private.asked_call[];
  v_known boolean;
  v_item record;
  v_key text collate "C";
  v_message text collate "C";
begin
  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.user_id is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  if p_calls is null or jsonb_typeof(p_calls) <> 'array' then
    raise exception using errcode = 'TH102', message = 'invalid request', detail = 'p_calls is not a JSON array',
      hint = 'Pass [{"endpoint": …, "request": …, "request_id": …}, …].';
  end if;

  begin
    select
      array_agg(row(
        c.endpoint, c.request, c.request_id, c.model, coalesce(c.watermark, ''), coalesce(c.use_cache, true), c.max_cost_micro_usd, c.run_at, c.metadata
      )::tollhouse_private.asked_call order by i.place),
      bool_and(i.body - c_keys = '{}')
    into v_calls, v_known
    from jsonb_array_elements(p_calls) with ordinality as i (body, place)
    cross join lateral jsonb_to_record(i.body) as c (
      endpoint text, request jsonb, request_id text, model text, watermark text, use_cache boolean,
      max_cost_micro_usd bigint, run_at timestamptz, metadata jsonb
    );
  exception
    when data_exception then v_known := false;
  end;

  -- Call by call, only to say which one is wrong, and why.
  if not v_known then
    for v_item in
      select i.body, i.place
      from jsonb_array_elements(p_calls) with ordinality as i (body, place)
      order by (i.body ->> 'endpoint') collate "C", (i.body ->> 'request_id') collate "C", i.place
    loop
      if jsonb_typeof(v_item.body) <> 'object' then
        raise exception using errcode = 'TH102', message = 'invalid request',
          detail = format('call %s of the array: it is not a JSON object', v_item.place),
          hint = 'Pass [{"endpoint": …, "request": …, "request_id": …}, …].';
      end if;
      select k.key into v_key from jsonb_object_keys(v_item.body) as k (key) where k.key <> all (c_keys) order by 1 limit 1;
      if found then
        raise exception using errcode = 'TH102', message = 'invalid request',
          detail = format('call %s of the array: unknown key %I', v_item.place, left(v_key, 60)),
          hint = 'Known: ' || array_to_string(c_keys, ', ') || '.';
      end if;
      begin
        perform tollhouse_private.refuse_call(row(
          c.endpoint, c.request, c.request_id, c.model, coalesce(c.watermark, ''), coalesce(c.use_cache, true), c.max_cost_micro_usd, c.run_at, c.metadata
        )::tollhouse_private.asked_call, v_item.place, clock_timestamp())
        from jsonb_to_record(v_item.body) as c (
          endpoint text, request jsonb, request_id text, model text, watermark text, use_cache boolean,
          max_cost_micro_usd bigint, run_at timestamptz, metadata jsonb
        );
      exception
        when data_exception then
          get stacked diagnostics v_message = message_text;
          raise exception using errcode = 'TH102', message = 'invalid request',
            detail = format('call %s of the array: %s', v_item.place, v_message),
            hint = 'A field has a value of the wrong type.';
      end;
    end loop;
  end if;
  return query select e.* from tollhouse_private.enqueue_calls(v_identity.tenant_id, v_identity.user_id, v_calls, true) as e;
end
$$;
comment on function tollhouse.enqueue_many(jsonb) is
  'enqueue for each object of an array (keys: its parameters without p_), all or none; the error names the call. Rows come back ordered by endpoint and request id. Raises as enqueue does.';

revoke execute on function tollhouse.enqueue_many(jsonb) from public;
grant execute on function tollhouse.enqueue_many(jsonb) to tollhouse_client;

commit;
