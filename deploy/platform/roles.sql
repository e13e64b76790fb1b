-- Deploy tollhouse:platform/roles to pg

begin;

-- Roles belong to the cluster and may serve a second database of it: created when missing, never dropped.
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
comment on role tollhouse_operator is 'Operators: switches, caps, prices, and every view over all tenants.';
comment on role tollhouse_auditor is 'Reads what an operator reads, changes nothing.';
comment on role tollhouse_monitor is 'Page, exporters and Grafana: numbers and names of all tenants, never what was asked or answered.';

-- The per-schema form of this statement takes nothing away: it must be global for the owner roles.
alter default privileges for role tollhouse_owner revoke execute on functions from public;
alter default privileges for role tollhouse_engine revoke execute on functions from public;

commit;
