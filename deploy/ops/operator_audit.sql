-- Deploy tollhouse:ops/operator_audit to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.operator_audit (
  id bigint generated always as identity,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  operator name not null default session_user,
  action text collate "C" not null,
  target jsonb not null,
  reason text collate "C" not null,
  before jsonb,
  after jsonb,
  constraint operator_audit_pkey primary key (id)
);
comment on table tollhouse_private.operator_audit is 'Every operator action: who, what, why, before and after. Append-only.';

revoke update, delete, truncate on tollhouse_private.operator_audit from tollhouse_owner;
grant insert on tollhouse_private.operator_audit to tollhouse_engine;
grant select on tollhouse_private.operator_audit to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

set local role tollhouse_engine;

create view tollhouse_ops.operator_audit with (security_invoker = true) as
select * from tollhouse_private.operator_audit;
comment on view tollhouse_ops.operator_audit is 'Every operator action: who, what, why, before and after.';

grant select on tollhouse_ops.operator_audit to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
