-- Deploy tollhouse:queue/turns to pg
-- requires: platform/schemas

begin;
set local role tollhouse_owner;

create table tollhouse_private.turns (
  tenant_id text collate "C" not null,
  line text collate "C" not null,
  last_user_id text collate "C" not null,
  constraint turns_pkey primary key (tenant_id, line)
) with (fillfactor = 50);
comment on table tollhouse_private.turns is
  'Which of a tenant''s users had the last turn, in each line: that of the claim (empty), or that of a rate limit.';

alter table tollhouse_private.turns enable row level security;
alter table tollhouse_private.turns force row level security;
create policy turns_all_engine on tollhouse_private.turns
  to tollhouse_engine using (true) with check (true);
create policy turns_select_operator on tollhouse_private.turns
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert, update, delete on tollhouse_private.turns to tollhouse_engine;
grant select on tollhouse_private.turns to tollhouse_operator, tollhouse_auditor;

commit;
