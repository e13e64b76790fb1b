-- Deploy tollhouse:ops/set_price to pg
-- requires: pricing/model_prices
-- requires: ops/audit
-- requires: ops/check_target
-- requires: ops/check_value

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_price(
  p_model text,
  p_kind text,
  p_micro_usd_per_million bigint,
  p_reason text,
  p_effective_from timestamptz default pg_catalog.now()
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform tollhouse_private.check_target('model', p_model);
  perform tollhouse_private.check_value(p_kind in ('input', 'cached_input', 'output', 'reasoning'),
    format('kind %s', coalesce(quote_literal(p_kind), 'null')), 'A kind is input, cached_input, output or reasoning.');
  perform tollhouse_private.check_value(p_micro_usd_per_million between 0 and 1000000000000,
    format('price %s', coalesce(p_micro_usd_per_million::text, 'null')), 'Give micro-USD per million tokens: 2500000 for 2.50 USD.');
  perform tollhouse_private.check_value(
    p_effective_from is not null and (
      p_effective_from >= now()
      or not exists (select from tollhouse_private.model_prices as mp where mp.model = p_model and mp.kind = p_kind)
    ),
    format('effective from %s', coalesce(p_effective_from::text, 'null')), 'A price that has been in force is not changed afterwards.');
  begin
    insert into tollhouse_private.model_prices (model, kind, effective_from, micro_usd_per_million)
    values (p_model, p_kind, p_effective_from, p_micro_usd_per_million);
  exception
    when unique_violation then
      raise exception using errcode = 'TH303', message = 'bad value',
        detail = format('a price from %s exists already', p_effective_from), hint = 'Choose another time.';
  end;
  perform tollhouse_private.audit('set_price', jsonb_build_object('model', p_model, 'kind', p_kind), p_reason, null,
    jsonb_build_object('micro_usd_per_million', p_micro_usd_per_million, 'effective_from', p_effective_from));
end
$$;
comment on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) is
  'What a million tokens of a kind (input, cached_input, output, reasoning) cost from a time on, in micro-USD. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) from public;
grant execute on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) to tollhouse_operator;

commit;
