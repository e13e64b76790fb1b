-- Deploy tollhouse:queue/turns to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.turns (
  tenant_id text collate "C" not null,
  line text collate "C" not null,
  last_user_id text collate "C" not null,
  constraint turns_pkey primary key (tenant_id, line)
) with (fillfactor = 50);
comment on table tollhouse_private.turns is
  'Which of a tenant''s users had the last turn, in each line: that of the claim (empty), of calls that are due (due), or of a rate limit.';

alter table tollhouse_private.turns enable row level security;
alter table tollhouse_private.turns force row level security;
create policy turns_all_engine on tollhouse_private.turns
  to tollhouse_engine using (true) with check (true);
create policy turns_select_operator on tollhouse_private.turns
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert, update, delete on tollhouse_private.turns to tollhouse_engine;
grant select on tollhouse_private.turns to tollhouse_operator, tollhouse_auditor;

set local role tollhouse_engine;

-- What another claim is just writing is passed over: where a round begins is worth no wait.
create function tollhouse_private.note_turns(
  p_line text,
  p_tenants text[],
  p_users text[]
)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  with moved as (
    select m.tenant_id, m.user_id from unnest(p_tenants, p_users) as m (tenant_id, user_id) where m.user_id is not null
  ),
  free as materialized (
    select tu.ctid as place, m.user_id
    from moved as m
    join tollhouse_private.turns as tu on tu.tenant_id = m.tenant_id and tu.line = p_line and tu.last_user_id <> m.user_id
    for update of tu skip locked
  ),
  noted as (
    update tollhouse_private.turns as tu set last_user_id = f.user_id from free as f where tu.ctid = f.place
  )
  insert into tollhouse_private.turns (tenant_id, line, last_user_id)
  select m.tenant_id, p_line, m.user_id
  from moved as m
  where (select true from tollhouse_private.turns as tu where tu.tenant_id = m.tenant_id and tu.line = p_line) is not true
  order by m.tenant_id
  on conflict do nothing
$$;
comment on function tollhouse_private.note_turns(text, text[], text[]) is
  'Records which user of each tenant had the last turn in a line.';

revoke execute on function tollhouse_private.note_turns(text, text[], text[]) from public;

commit;
