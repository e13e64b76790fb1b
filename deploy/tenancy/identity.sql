-- Deploy tollhouse:tenancy/identity to pg

begin;
set local role tollhouse_engine;

-- The only place that decides who is asking. session_user, never current_user: a definer function changes the latter.
create function tollhouse_private.identity(
  out tenant_id text,
  out user_id text,
  out reads_all_users boolean
)
  returns record
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_oid oid;
  v_bindings tollhouse_private.login_bindings[];
begin
  -- Called many times per statement: if no login is bound, none is looked up.
  if exists (select from tollhouse_private.login_bindings) then
    -- By name and by oid, so that neither renaming a login nor reusing a bound name escapes the binding.
    v_oid := to_regrole(quote_ident(session_user));
    v_bindings := array(
      select b from tollhouse_private.login_bindings as b where b.login = session_user
      union all
      select b from tollhouse_private.login_bindings as b where b.login_oid = v_oid and b.login <> session_user
    );
  end if;

  if cardinality(v_bindings) > 0 then
    -- Of two bindings, the one that matches both; if none does, the login has no identity.
    if cardinality(v_bindings) > 1 then
      v_bindings := array(select b from unnest(v_bindings) as b where b.login = session_user and b.login_oid = v_oid);
    end if;
    identity.tenant_id := v_bindings[1].tenant_id;
    identity.user_id := v_bindings[1].user_id;
    identity.reads_all_users := v_bindings[1].reads_all_users;
  else
    identity.tenant_id := current_setting('tollhouse.tenant_id', true);
    identity.reads_all_users := false;
  end if;
  identity.user_id := coalesce(identity.user_id, current_setting('tollhouse.user_id', true));

  if not tollhouse_private.is_identifier(identity.user_id) then
    identity.user_id := null;
  end if;
  if identity.tenant_id is null or not tollhouse_private.is_identifier(identity.tenant_id)
    or (identity.user_id is null and identity.reads_all_users is not true)
  then
    identity.tenant_id := null;
    identity.user_id := null;
    identity.reads_all_users := false;
  end if;
end
$$;
comment on function tollhouse_private.identity() is
  'Tenant and user of the session: from its login''s binding where there is one, else from the transaction''s settings; all null without a whole, well-formed identity, or with two bindings of which neither is the login''s own.';

revoke execute on function tollhouse_private.identity() from public;
-- Called by the policies of the client's tables, through current_identity.
grant execute on function tollhouse_private.identity() to tollhouse_owner, tollhouse_client;

commit;
