-- Deploy tollhouse:tenancy/current_identity to pg

begin;
set local role tollhouse_engine;

-- SQL-standard bodies: parsed once, here, and inlined into each query whose policy calls them.
create function tollhouse_private.current_tenant_id()
  returns text
  language sql
  stable
begin atomic
  select (tollhouse_private.identity()).tenant_id;
end;
comment on function tollhouse_private.current_tenant_id() is 'The session''s tenant, or null.';

create function tollhouse_private.current_user_id()
  returns text
  language sql
  stable
begin atomic
  select (tollhouse_private.identity()).user_id;
end;
comment on function tollhouse_private.current_user_id() is 'The session''s user, or null.';

create function tollhouse_private.reads_all_users()
  returns boolean
  language sql
  stable
begin atomic
  select (tollhouse_private.identity()).reads_all_users;
end;
comment on function tollhouse_private.reads_all_users() is 'Whether the session''s login administers its tenant.';

revoke execute on function tollhouse_private.current_tenant_id() from public;
revoke execute on function tollhouse_private.current_user_id() from public;
revoke execute on function tollhouse_private.reads_all_users() from public;
-- All three are called by the policies of the client's tables.
grant execute on function tollhouse_private.current_tenant_id() to tollhouse_owner, tollhouse_client;
grant execute on function tollhouse_private.current_user_id() to tollhouse_owner, tollhouse_client;
grant execute on function tollhouse_private.reads_all_users() to tollhouse_owner, tollhouse_client;

commit;
