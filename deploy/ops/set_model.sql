-- Deploy tollhouse:ops/set_model to pg

begin;
set local role tollhouse_engine;

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
    format('provider model %s', coalesce(quote_literal(p_provider_model), 'null')), 'Give the provider''s own name of the model.');
  select to_jsonb(m) into v_before from tollhouse_private.models as m where m.model = p_model;
  insert into tollhouse_private.models as m (model, provider, provider_model)
  values (p_model, p_provider, p_provider_model)
  on conflict (model) do update set provider = excluded.provider, provider_model = excluded.provider_model
  returning to_jsonb(m) into v_after;
  perform tollhouse_private.audit('set_model', jsonb_build_object('model', p_model), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_model(text, text, text, text) is
  'Makes a model known, or says where it is served. It needs prices and an endpoint before it is used. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.set_model(text, text, text, text) from public;
grant execute on function tollhouse_ops.set_model(text, text, text, text) to tollhouse_operator;

commit;
