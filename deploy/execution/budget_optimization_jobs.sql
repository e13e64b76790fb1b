-- Deploy tollhouse:execution/budget_optimization_jobs to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.budget_optimization_jobs (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  created_at timestamptz not null,
  user_id text collate "C" not null,
  objective text collate "C",
  recommendation jsonb,
  constraint budget_optimization_jobs_pkey primary key (tenant_id, call_id),
  constraint budget_optimization_jobs_recommendation_check check ((objective is null) = (recommendation is null))
);
comment on table tollhouse_private.budget_optimization_jobs is
  'One row per successful call of the endpoint budget_optimization; objective and recommendation are null where nothing of them may be kept.';
comment on column tollhouse_private.budget_optimization_jobs.recommendation is
  'The answer where it is JSON, else {"text": the answer}.';

alter table tollhouse_private.budget_optimization_jobs enable row level security;
alter table tollhouse_private.budget_optimization_jobs force row level security;
create policy budget_optimization_jobs_all_engine on tollhouse_private.budget_optimization_jobs
  to tollhouse_engine using (true) with check (true);
create policy budget_optimization_jobs_select_client on tollhouse_private.budget_optimization_jobs
  for select to tollhouse_client
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy budget_optimization_jobs_insert_owner on tollhouse_private.budget_optimization_jobs
  for insert to tollhouse_owner
  with check (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and user_id = (select tollhouse_private.current_user_id())
  );
create policy budget_optimization_jobs_select_operator on tollhouse_private.budget_optimization_jobs
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert on tollhouse_private.budget_optimization_jobs to tollhouse_engine;
grant select on tollhouse_private.budget_optimization_jobs to tollhouse_client, tollhouse_operator, tollhouse_auditor;

commit;
