-- Deploy tollhouse:ops/models to pg

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
  'Adds a provider or changes its breaker settings: consecutive failures that open a user''s breaker, cool-down, and window, calls and share of failures for the provider''s own. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric) from public;
grant execute on function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric) to tollhouse_operator;

create function tollhouse_ops.set_model(
  p_model text,
  p_provider text,
  p_provider_model text,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_model constant text collate "C" := set_model.p_model;
  p_provider constant text collate "C" := set_model.p_provider;
  p_provider_model constant text collate "C" := set_model.p_provider_model;
  p_reason constant text collate "C" := set_model.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_target('name', p_model);
  perform tollhouse_private.check_target('provider', p_provider);
  perform tollhouse_private.check_value(tollhouse_private.has_visible(p_provider_model) and length(p_provider_model) <= 256,
    format('provider model %s', coalesce(quote_literal(p_provider_model), 'null')), 'Give the provider''s own name for the model.');
  select to_jsonb(m) into v_before from tollhouse_private.models as m where m.model = p_model;
  insert into tollhouse_private.models as m (model, provider, provider_model)
  values (p_model, p_provider, p_provider_model)
  on conflict (model) do update set provider = excluded.provider, provider_model = excluded.provider_model
  returning to_jsonb(m) into v_after;
  perform tollhouse_private.audit('set_model', jsonb_build_object('model', p_model), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_model(text, text, text, text) is
  'Adds a model or changes its provider. It needs prices and an endpoint before it can be used. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.set_model(text, text, text, text) from public;
grant execute on function tollhouse_ops.set_model(text, text, text, text) to tollhouse_operator;

create function tollhouse_ops.set_price(
  p_model text,
  p_kind text,
  p_micro_usd_per_million bigint,
  p_reason text,
  p_effective_from timestamptz default null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_model constant text collate "C" := set_price.p_model;
  p_kind constant text collate "C" := set_price.p_kind;
  p_reason constant text collate "C" := set_price.p_reason;
  v_now timestamptz := clock_timestamp();
  v_in_force boolean;
  v_from timestamptz;
begin
  perform tollhouse_private.check_target('model', p_model);
  perform tollhouse_private.check_value(p_kind in ('input', 'cached_input', 'output', 'reasoning'),
    format('kind %s', coalesce(quote_literal(p_kind), 'null')), 'A kind is input, cached_input, output or reasoning.');
  perform tollhouse_private.check_value(p_micro_usd_per_million between 0 and 1000000000000,
    format('price %s', coalesce(p_micro_usd_per_million::text, 'null')), 'Give micro-USD per million tokens: 2500000 for 2.50 USD.');
  -- Not the transaction's time: calls may have been admitted since then at the old prices.
  select p.input is not null and p.output is not null into v_in_force from tollhouse_private.price_at(p_model, v_now) as p;
  v_from := coalesce(p_effective_from, case when v_in_force then v_now else now() end);
  perform tollhouse_private.check_value(v_from >= v_now or not v_in_force,
    format('effective from %s', v_from), 'The model already has a price: a new one takes effect now (omit the time) or at a future time.');
  perform tollhouse_private.check_value(v_from between v_now - interval '100 years' and v_now + interval '100 years',
    format('effective from %s', v_from), 'Give a time within a hundred years.');
  begin
    insert into tollhouse_private.model_prices (model, kind, effective_from, micro_usd_per_million)
    values (p_model, p_kind, v_from, p_micro_usd_per_million);
  exception
    when unique_violation then
      raise exception using errcode = 'TH303', message = 'bad value',
        detail = format('a price from %s exists already', v_from), hint = 'Choose another time.';
  end;
  perform tollhouse_private.audit('set_price', jsonb_build_object('model', p_model, 'kind', p_kind), p_reason, null,
    jsonb_build_object('micro_usd_per_million', p_micro_usd_per_million, 'effective_from', v_from));
end
$$;
comment on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) is
  'Sets the price of a million tokens of a kind (input, cached_input, output, reasoning), in micro-USD, from a given time on (null: now). Once a model has prices for input and output, that time can''t be in the past. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) from public;
grant execute on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) to tollhouse_operator;

commit;
