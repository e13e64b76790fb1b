-- Deploy tollhouse:ops/check_value to pg

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

commit;
