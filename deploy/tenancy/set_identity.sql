-- Deploy tollhouse:tenancy/set_identity to pg

begin;
set local role tollhouse_owner;

create function tollhouse.set_identity(
  p_tenant_id text,
  p_user_id text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := set_identity.p_tenant_id;
  p_user_id constant text collate "C" := set_identity.p_user_id;
  v_identity record;
begin
  if (tollhouse_private.is_identifier(p_tenant_id) and tollhouse_private.is_identifier(p_user_id)) is not true then
    raise exception using
      errcode = 'TH002',
      message = 'malformed identity',
      detail = format('tenant %s, user %s', coalesce(quote_literal(left(p_tenant_id, 128)), 'null'), coalesce(quote_literal(left(p_user_id, 128)), 'null')),
      hint = 'Use 1 to 128 characters from A-Z a-z 0-9 . _ : @ -, starting with a letter or a digit.';
  end if;

  perform set_config('tollhouse.tenant_id', p_tenant_id, true);
  perform set_config('tollhouse.user_id', p_user_id, true);

  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.tenant_id is distinct from p_tenant_id or v_identity.user_id is distinct from p_user_id then
    raise exception using
      errcode = 'TH003',
      message = 'this login is bound to another identity',
      detail = format('login %I requested tenant %L, user %L', session_user, p_tenant_id, p_user_id),
      hint = 'Ask an operator to change the binding (tollhouse_ops.bind_login).';
  end if;
end
$$;
comment on function tollhouse.set_identity(text, text) is
  'Sets the tenant and user that this transaction acts for. It lasts until the end of the transaction, so it is safe behind a transaction pooler. Raises TH002 (malformed), TH003 (the login is bound to someone else).';

revoke execute on function tollhouse.set_identity(text, text) from public;
grant execute on function tollhouse.set_identity(text, text) to tollhouse_client;

commit;
