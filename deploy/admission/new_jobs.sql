-- Deploy tollhouse:admission/new_jobs to pg

begin;
set local role tollhouse_engine;

create type tollhouse_private.asked_call as (
  endpoint text collate "C",
  request jsonb,
  request_id text collate "C",
  model text collate "C",
  watermark text collate "C",
  use_cache boolean,
  max_cost_micro_usd bigint,
  run_at timestamptz,
  metadata jsonb
);
comment on type tollhouse_private.asked_call is 'What a client asks for: the parameters of enqueue.';

create function tollhouse_private.new_jobs(
  p_tenant_id text,
  p_user_id text,
  p_calls tollhouse_private.asked_call[],
  p_now timestamptz,
  out jobs tollhouse_private.jobs[],
  out places bigint[],
  out sound boolean
)
  returns record
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  select
    array_agg(row(
      p_tenant_id, b.call_id, p_user_id, b.endpoint, coalesce(b.request_id, b.call_id::text), date_trunc('milliseconds', p_now),
      sha256(convert_to(jsonb_build_array(p_user_id, b.endpoint, b.request, b.model, b.watermark)::text, 'UTF8')),
      b.bytes, coalesce(b.output_tokens, b.max_output_tokens), b.model, b.max_cost_micro_usd,
      case when b.use_cache and b.cache_ttl > '0' and b.kept <> 'none'
        then sha256(convert_to(jsonb_build_array(p_tenant_id, b.scope, b.endpoint, b.watermark, b.request, b.model, b.models)::text, 'UTF8'))
      end,
      b.scope,
      case when b.run_at > p_now then 'scheduled' else 'queued' end, greatest(b.run_at, p_now), case when b.run_at > p_now then 'run_at' end,
      0, 0, null, null, null, null, null, 0, null, 0, null, 'none', false, null, null, b.metadata, b.request, null
    )::tollhouse_private.jobs order by b.number),
    array_agg(b.place order by b.number),
    -- As check_call decides; what this doubts, it puts into words.
    bool_and((
      case when tollhouse_private.sound_request(b.request) then true else tollhouse_private.request_problem(b.request) is null end
      and b.bytes <= b.max_request_bytes
      and coalesce(b.output_tokens <= b.max_output_tokens, true)
      and coalesce(octet_length(b.request_id) between 1 and 200 and b.request_id !~ '[^\x21-\x7e]', true)
      and coalesce(b.max_cost_micro_usd >= 0, true)
      and cardinality(b.models) > 0
      and coalesce(b.model = any (b.models), true)
      and (b.watermark = '' or length(b.watermark) <= 200 and tollhouse_private.has_visible(b.watermark))
      and case when b.metadata is null then true
        else octet_length(b.metadata::text) <= 16384 and jsonb_typeof(b.metadata) = 'object' and tollhouse_private.json_problem(b.metadata) is null
      end
      and coalesce(b.run_at <= p_now + interval '1 year' and isfinite(b.run_at), true)
    ) is true)
  into new_jobs.jobs, new_jobs.places, new_jobs.sound
  from (
    select
      -- Ids of one millisecond are random: sorted, they make the batch's first call the oldest.
      c.*, t.*, (array(
        select tollhouse_private.new_call_id(p_now) from generate_series(1, cardinality(p_calls)) order by 1
      ))[c.number] as call_id,
      octet_length(c.request::text) as bytes,
      coalesce(
        case when c.request -> 'max_completion_tokens' between '1' and '999999999' then (c.request -> 'max_completion_tokens')::integer end,
        case when c.request -> 'max_tokens' between '1' and '999999999' then (c.request -> 'max_tokens')::integer end
      ) as output_tokens
    from (
      select u.*, row_number() over (order by u.endpoint collate "C", u.request_id collate "C", u.place) as number
      from unnest(p_calls) with ordinality as u (
        endpoint, request, request_id, model, watermark, use_cache, max_cost_micro_usd, run_at, metadata, place
      )
    ) as c
    left join lateral (
      select
        tt.max_output_tokens, tt.max_request_bytes, tt.models, tt.cache_ttl,
        case tt.cache_scope when 'user' then p_user_id else '' end as scope,
        tollhouse_private.stricter_capture(tt.capture, (
          select ts.capture_policy from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id
        )) as kept
      from tollhouse_private.task_types as tt
      where tt.endpoint = c.endpoint
      limit 1
    ) as t on true
    offset 0
  ) as b;
end
$$;
comment on function tollhouse_private.new_jobs(text, text, tollhouse_private.asked_call[], timestamptz) is
  'The jobs that a user''s calls would be, in the order of endpoint and request id, in which their ids ascend, and the place of each in the array. sound: every endpoint takes its call; else check_call says what is wrong, and the jobs are good for nothing.';

revoke execute on function tollhouse_private.new_jobs(text, text, tollhouse_private.asked_call[], timestamptz) from public;

commit;
