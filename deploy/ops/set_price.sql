-- Deploy tollhouse:ops/set_price to pg

begin;
set local role tollhouse_engine;

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
  -- Not the transaction's time: calls may have been admitted since, at the prices that there were.
  select p.input is not null and p.output is not null into v_in_force from tollhouse_private.price_at(p_model, v_now) as p;
  v_from := coalesce(p_effective_from, case when v_in_force then v_now else now() end);
  perform tollhouse_private.check_value(v_from >= v_now or not v_in_force,
    format('effective from %s', v_from), 'The model has a price: another one holds from now on (leave the time out) or from a time to come.');
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
  'What a million tokens of a kind (input, cached_input, output, reasoning) cost from a time on, null: at once, in micro-USD. As soon as a model is priced, for input and output, that time can''t lie in the past. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) from public;
grant execute on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) to tollhouse_operator;

commit;
