-- Deploy tollhouse:budget/budget_month to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.budget_month(
  p_now timestamptz
)
  returns date
  language sql
  immutable
as $$
  select pg_catalog.date_trunc('month', p_now at time zone 'UTC')::pg_catalog.date
$$;
comment on function tollhouse_private.budget_month(timestamptz) is 'First day of that month in UTC.';

revoke execute on function tollhouse_private.budget_month(timestamptz) from public;
grant execute on function tollhouse_private.budget_month(timestamptz) to tollhouse_owner;

commit;
