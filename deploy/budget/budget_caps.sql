-- Deploy tollhouse:budget/budget_caps to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.budget_caps (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null default '',
  cap_micro_usd bigint not null,
  constraint budget_caps_pkey primary key (tenant_id, user_id),
  constraint budget_caps_cap_check check (cap_micro_usd >= 0)
);
comment on table tollhouse_private.budget_caps is 'The monthly cap of a tenant (user_id empty) or a user, copied into each new month.';

alter table tollhouse_private.budget_caps enable row level security;
alter table tollhouse_private.budget_caps force row level security;
create policy budget_caps_all_engine on tollhouse_private.budget_caps
  to tollhouse_engine using (true) with check (true);
create policy budget_caps_select_operator on tollhouse_private.budget_caps
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert, update, delete on tollhouse_private.budget_caps to tollhouse_engine;
grant select on tollhouse_private.budget_caps to tollhouse_operator, tollhouse_auditor;

commit;
