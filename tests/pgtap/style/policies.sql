begin;
select plan(5);

create temp view policy as
select
  p.polname as name, c.relname as table_name, p.polroles as roles, p.polpermissive,
  case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end as command,
  pg_get_expr(p.polqual, p.polrelid) as reads,
  pg_get_expr(p.polwithcheck, p.polrelid) as writes
from pg_catalog.pg_policy as p
join pg_catalog.pg_class as c on c.oid = p.polrelid
where c.relnamespace = 'tollhouse_private'::regnamespace;

select cmp_ok((select count(*) from policy), '>', 50::bigint, 'there are the policies that the following tests are about');
select is_empty(
  $$ select name from policy where 0 = any (roles) or not polpermissive $$,
  'every policy names its roles, never PUBLIC'
);
select is_empty(
  $$ select name from policy where not starts_with(name, format('%s_%s_', table_name, command)) $$,
  'a policy is named <table>_<command>_<who>'
);
select is_empty(
  $$
    select name from policy
    where roles && array['tollhouse_client'::regrole::oid, 'tollhouse_owner'::regrole::oid]
      and (coalesce(reads, '') || coalesce(writes, '') not like '%current_tenant_id()%' or 'true' in (reads, writes))
  $$,
  'no policy lets a client, or the owner who answers it, past the tenant of the session'
);
select is_empty(
  $$
    select name from policy
    where roles && array['tollhouse_operator'::regrole::oid, 'tollhouse_auditor'::regrole::oid, 'tollhouse_monitor'::regrole::oid, 'tollhouse_client'::regrole::oid]
      and command <> 'select'
    union all
    select name from policy where 'tollhouse_worker'::regrole = any (roles)
  $$,
  'clients, operators, auditors and monitors only read through policies, workers not even that'
);

select * from finish();
rollback;
