-- Deploy tollhouse:ledger/has_month to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.has_month(
  p_created_at timestamptz
)
  returns boolean
  language sql
  stable
as $$
  select pg_catalog.to_regclass(
    'tollhouse_private.llm_api_calls_' || pg_catalog.to_char(p_created_at at time zone 'UTC', 'YYYY_MM')
  ) is not null
$$;
comment on function tollhouse_private.has_month(timestamptz) is
  'Whether the ledger has the month of a call, which a worker makes: without it the call can''t end yet.';

revoke execute on function tollhouse_private.has_month(timestamptz) from public;
grant execute on function tollhouse_private.has_month(timestamptz) to tollhouse_engine;

commit;
