-- Deploy tollhouse:ops/checks to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.check_value(
  p_ok boolean,
  p_detail text,
  p_hint text
)
  returns void
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_ok is not true then
    raise exception using errcode = 'TH303', message = 'bad value', detail = left(p_detail, 300), hint = p_hint;
  end if;
end
$$;
comment on function tollhouse_private.check_value(boolean, text, text) is 'Raises TH303 unless p_ok is true.';

revoke execute on function tollhouse_private.check_value(boolean, text, text) from public;

create function tollhouse_private.check_target(
  p_kind text,
  p_target text
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_known text[];
begin
  case p_kind
    when 'provider' then select array_agg(p.provider order by p.provider) into v_known from tollhouse_private.providers as p;
    when 'model' then select array_agg(m.model order by m.model) into v_known from tollhouse_private.models as m;
    when 'endpoint' then select array_agg(tt.endpoint order by tt.endpoint) into v_known from tollhouse_private.task_types as tt;
    else
      if tollhouse_private.is_identifier(p_target) is not true then
        raise exception using errcode = 'TH303', message = 'bad value',
          detail = format('%s %s', p_kind, coalesce(quote_literal(left(p_target, 128)), 'null')),
          hint = 'Use 1 to 128 characters from A-Z a-z 0-9 . _ : @ -, starting with a letter or a digit.';
      end if;
      return;
  end case;
  if p_target is null or p_target <> all (coalesce(v_known, '{}')) then
    raise exception using errcode = 'TH302', message = 'unknown ' || p_kind,
      detail = coalesce(quote_literal(left(p_target, 128)), 'null'),
      hint = coalesce('Known: ' || array_to_string(v_known, ', ') || '.', 'None exists yet.');
  end if;
end
$$;
comment on function tollhouse_private.check_target(text, text) is
  'Raises TH302 for a provider, model or endpoint that does not exist, TH303 for a malformed tenant or user.';

revoke execute on function tollhouse_private.check_target(text, text) from public;

commit;
