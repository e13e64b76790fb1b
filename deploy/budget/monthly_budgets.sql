-- Deploy tollhouse:budget/monthly_budgets to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.monthly_budgets (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null default '',
  month date not null,
  cap_micro_usd bigint,
  reserved_micro_usd bigint not null default 0,
  spent_micro_usd bigint not null default 0,
  line_at timestamptz,
  line_user_id text collate "C",
  constraint monthly_budgets_pkey primary key (tenant_id, user_id, month),
  constraint monthly_budgets_month_check check (extract(day from month) = 1),
  constraint monthly_budgets_cap_check check (cap_micro_usd >= 0),
  constraint monthly_budgets_reserved_check check (reserved_micro_usd >= 0)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0.1);
create index monthly_budgets_line_at_idx on tollhouse_private.monthly_budgets (line_at) where line_at is not null;

comment on table tollhouse_private.monthly_budgets is
  'What a tenant (user_id empty) and each user may spend in a month (UTC), holds reserved and has spent, in micro-USD.';
comment on column tollhouse_private.monthly_budgets.cap_micro_usd is 'Null: no cap. No admission makes spent + reserved exceed it.';
comment on column tollhouse_private.monthly_budgets.line_at is
  'When the line of calls that wait for room under this cap was last looked at; null: there is none. Moved every five seconds at most: it is indexed.';
comment on column tollhouse_private.monthly_budgets.line_user_id is 'The user whose call was called up last from the line of a tenant: the next one''s turn is next.';

alter table tollhouse_private.monthly_budgets enable row level security;
alter table tollhouse_private.monthly_budgets force row level security;
create policy monthly_budgets_all_engine on tollhouse_private.monthly_budgets
  to tollhouse_engine using (true) with check (true);
create policy monthly_budgets_select_owner on tollhouse_private.monthly_budgets
  for select to tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id in ('', (select tollhouse_private.current_user_id())) or (select tollhouse_private.reads_all_users()))
  );
create policy monthly_budgets_select_client on tollhouse_private.monthly_budgets
  for select to tollhouse_client
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy monthly_budgets_select_operator on tollhouse_private.monthly_budgets
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

grant select, insert, update on tollhouse_private.monthly_budgets to tollhouse_engine;
grant select on tollhouse_private.monthly_budgets to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
