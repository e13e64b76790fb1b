-- Deploy tollhouse:execution/materializers to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.question_of(
  p_request jsonb
)
  returns text
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select case when p_request is not null then coalesce(
    p_request ->> 'prompt',
    (
      select case jsonb_typeof(m.message -> 'content')
        when 'string' then m.message ->> 'content'
        else (
          select string_agg(part ->> 'text', e'\n')
          from jsonb_array_elements(m.message -> 'content') as part
        )
      end
      from jsonb_array_elements(p_request -> 'messages') with ordinality as m (message, position)
      where m.message ->> 'role' = 'user'
      order by m.position desc
      limit 1
    ),
    ''
  ) end
$$;
comment on function tollhouse_private.question_of(jsonb) is 'The prompt, or the text of the user''s last message.';

revoke execute on function tollhouse_private.question_of(jsonb) from public;
grant execute on function tollhouse_private.question_of(jsonb) to tollhouse_engine;

create table tollhouse_private.investigations (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  created_at timestamptz not null,
  user_id text collate "C" not null,
  question text collate "C",
  findings text collate "C",
  constraint investigations_pkey primary key (tenant_id, call_id),
  constraint investigations_findings_check check ((question is null) = (findings is null))
);
comment on table tollhouse_private.investigations is
  'One row per successful call of the endpoint investigation; question and findings are null where nothing of them may be kept.';

alter table tollhouse_private.investigations enable row level security;
alter table tollhouse_private.investigations force row level security;
create policy investigations_all_engine on tollhouse_private.investigations
  to tollhouse_engine using (true) with check (true);
create policy investigations_select_client on tollhouse_private.investigations
  for select to tollhouse_client
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy investigations_insert_owner on tollhouse_private.investigations
  for insert to tollhouse_owner
  with check (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and user_id = (select tollhouse_private.current_user_id())
  );
create policy investigations_select_operator on tollhouse_private.investigations
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert on tollhouse_private.investigations to tollhouse_engine;
grant select on tollhouse_private.investigations to tollhouse_client, tollhouse_operator, tollhouse_auditor;

create function tollhouse_private.materialize_investigation(
  p_tenant_id text,
  p_user_id text,
  p_call_id uuid,
  p_created_at timestamptz,
  p_request jsonb,
  p_response jsonb
)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  insert into tollhouse_private.investigations (tenant_id, call_id, created_at, user_id, question, findings)
  values (
    p_tenant_id, p_call_id, p_created_at, p_user_id,
    tollhouse_private.question_of(p_request), p_response ->> 'content'
  )
$$;
comment on function tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb) is
  'The materializer of endpoint investigation.';

revoke execute on function tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb) from public;
grant execute on function tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb) to tollhouse_engine;

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
  'The answer if it is JSON, else {"text": the answer}.';

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

create function tollhouse_private.materialize_budget_optimization(
  p_tenant_id text,
  p_user_id text,
  p_call_id uuid,
  p_created_at timestamptz,
  p_request jsonb,
  p_response jsonb
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_recommendation jsonb;
begin
  begin
    v_recommendation := (p_response ->> 'content')::jsonb;
  exception
    when invalid_text_representation or untranslatable_character then
      v_recommendation := jsonb_build_object('text', p_response ->> 'content');
  end;
  insert into tollhouse_private.budget_optimization_jobs
    (tenant_id, call_id, created_at, user_id, objective, recommendation)
  values (
    p_tenant_id, p_call_id, p_created_at, p_user_id,
    tollhouse_private.question_of(p_request), v_recommendation
  );
end
$$;
comment on function tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb) is
  'The materializer of endpoint budget_optimization.';

revoke execute on function tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb) from public;
grant execute on function tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb) to tollhouse_engine;

commit;
