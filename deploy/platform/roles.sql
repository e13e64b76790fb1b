-- Deploy tollhouse:platform/roles to pg

begin;

-- Roles are cluster-wide and may serve another database too, so they are created when missing and never dropped.
do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'tollhouse_owner', 'tollhouse_engine',
    'tollhouse_client', 'tollhouse_worker', 'tollhouse_operator', 'tollhouse_auditor', 'tollhouse_monitor'
  ]
  loop
    if not exists (select from pg_catalog.pg_roles r where r.rolname = v_role) then
      execute pg_catalog.format('create role %I nologin nosuperuser nobypassrls noinherit', v_role);
    end if;
    if v_role in ('tollhouse_owner', 'tollhouse_engine')
      and not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user)
    then
      execute pg_catalog.format('grant %I to current_user', v_role);
    end if;
  end loop;
end
$$;

comment on role tollhouse_owner is
  'Owns every table and the client functions, which therefore see one tenant only (forced row-level security).';
comment on role tollhouse_engine is
  'Owns the worker and operator functions; its policies span tenants.';
comment on role tollhouse_client is 'Application code: may enqueue, read, wait for and cancel its own calls.';
comment on role tollhouse_worker is 'The worker process: may call the functions of schema tollhouse_worker, nothing else.';
comment on role tollhouse_operator is 'Operators: switches, caps, prices, and all views across tenants.';
comment on role tollhouse_auditor is 'May read what an operator reads, but change nothing.';
comment on role tollhouse_monitor is 'Page, exporters and Grafana: numbers and names of all tenants, never requests or responses.';

-- The per-schema form of this statement revokes nothing: it must be global for the owner roles.
alter default privileges for role tollhouse_owner revoke execute on functions from public;
alter default privileges for role tollhouse_engine revoke execute on functions from public;

commit;
