-- Deploy tollhouse:execution/without_text to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.without_text(
  p_result tollhouse_private.attempt_result
)
  returns tollhouse_private.attempt_result
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  p_result.error_message := null;
  return p_result;
end
$$;
comment on function tollhouse_private.without_text(tollhouse_private.attempt_result) is
  'A result without its error message, in which a provider may quote the request: for calls of which nothing may be kept.';

revoke execute on function tollhouse_private.without_text(tollhouse_private.attempt_result) from public;

commit;
