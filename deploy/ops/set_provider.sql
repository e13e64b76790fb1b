-- Deploy tollhouse:ops/set_provider to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_provider(
  p_provider text,
  p_reason text,
  p_failure_threshold integer default 5,
  p_cooldown interval default '30 seconds',
  p_window interval default '1 minute',
  p_window_min_calls integer default 20,
  p_window_failure_share numeric default 0.5
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_provider constant text collate "C" := set_provider.p_provider;
  p_reason constant text collate "C" := set_provider.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_target('name', p_provider);
  select to_jsonb(p) into v_before from tollhouse_private.providers as p where p.provider = p_provider;
  begin
    insert into tollhouse_private.providers as p
      (provider, failure_threshold, cooldown, failure_window, window_min_calls, window_failure_share)
    values (p_provider, p_failure_threshold, p_cooldown, p_window, p_window_min_calls, p_window_failure_share)
    on conflict (provider) do update
    set
      failure_threshold = excluded.failure_threshold,
      cooldown = excluded.cooldown,
      failure_window = excluded.failure_window,
      window_min_calls = excluded.window_min_calls,
      window_failure_share = excluded.window_failure_share
    returning to_jsonb(p) into v_after;
  exception
    when check_violation or not_null_violation then
      raise exception using errcode = 'TH303', message = 'bad value', detail = sqlerrm,
        hint = 'Threshold 1 to 1000, intervals above 0 and at most 366 days, share above 0 and at most 1.';
  end;
  perform tollhouse_private.audit('set_provider', jsonb_build_object('provider', p_provider), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric) is
  'Makes a provider known, or changes its breakers: consecutive failures until a user''s opens, cool-down, and window, calls and share of failures for its own. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric) from public;
grant execute on function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric) to tollhouse_operator;

commit;
