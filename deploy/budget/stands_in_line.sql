-- Deploy tollhouse:budget/stands_in_line to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.stands_in_line(
  p_tenant_id text,
  p_user_id text,
  p_besides uuid[]
)
  returns boolean
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_user_id is null then
    return exists (
      select
      from tollhouse_private.jobs as j
      where j.waits_for = 'budget' and j.state in ('scheduled', 'queued')
        and j.tenant_id = p_tenant_id
        and j.call_id <> all (p_besides)
    );
  end if;
  return exists (
    select
    from tollhouse_private.jobs as j
    where j.waits_for = 'budget' and j.state in ('scheduled', 'queued')
      and j.tenant_id = p_tenant_id
      and j.user_id = p_user_id
      and j.call_id <> all (p_besides)
  );
end
$$;
comment on function tollhouse_private.stands_in_line(text, text, uuid[]) is
  'Whether calls of a tenant (p_user_id null) or one of its users, other than those given, are waiting for a budget, or have been called up but not claimed yet.';

revoke execute on function tollhouse_private.stands_in_line(text, text, uuid[]) from public;

commit;
