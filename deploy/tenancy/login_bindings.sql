-- Deploy tollhouse:tenancy/login_bindings to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.login_bindings (
  login name not null,
  login_oid oid not null default 0,
  tenant_id tollhouse_private.identifier not null,
  user_id tollhouse_private.identifier,
  reads_all_users boolean not null default false,
  constraint login_bindings_pkey primary key (login, login_oid)
);
create index login_bindings_login_oid_idx on tollhouse_private.login_bindings (login_oid);
comment on table tollhouse_private.login_bindings is
  'Logins that may not choose their identity: each is bound to one tenant, and to one user if user_id is given.';
comment on column tollhouse_private.login_bindings.login_oid is
  'oid of the role, which may have been renamed; 0: whoever has the name. After a restore on another server it must be updated: see the runbook.';
comment on column tollhouse_private.login_bindings.reads_all_users is
  'The login is its tenant''s administrator: it reads and cancels the calls of every user of the tenant.';

alter table tollhouse_private.login_bindings enable row level security;
alter table tollhouse_private.login_bindings force row level security;
create policy login_bindings_all_engine on tollhouse_private.login_bindings
  to tollhouse_engine using (true) with check (true);
create policy login_bindings_select_operator on tollhouse_private.login_bindings
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert, update, delete on tollhouse_private.login_bindings to tollhouse_engine;
grant select on tollhouse_private.login_bindings to tollhouse_operator, tollhouse_auditor;
-- Deliberately no policy for the owner, because no client function reads the bindings.

commit;
