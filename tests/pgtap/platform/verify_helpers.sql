begin;
select plan(21);

create function pg_temp.said(p_statement text) returns text language plpgsql as $$
declare
  v_message text;
begin
  execute p_statement;
  return null;
exception when assert_failure then
  get stacked diagnostics v_message = message_text;
  return v_message;
end
$$;
select throws_ok($$ select tollhouse_private.verify_that(null, 'a sentence') $$, 'P0004', 'a sentence', 'what is not true raises the sentence, and null is not');
select lives_ok($$ select tollhouse_private.verify_that(true, 'a sentence') $$, 'what is true raises nothing');

create table tollhouse_private.things (id integer, hidden text);
create view tollhouse.things with (security_invoker = true) as select id from tollhouse_private.things;
alter table tollhouse_private.things owner to tollhouse_owner;
alter view tollhouse.things owner to tollhouse_owner;
create function tollhouse.thing(timestamptz) returns integer language sql security definer set search_path = pg_catalog, pg_temp as 'select 1';
alter function tollhouse.thing owner to tollhouse_owner;
revoke execute on function tollhouse.thing from public;
grant execute on function tollhouse.thing to tollhouse_client;
create type tollhouse_private.kind as enum ('this');
alter type tollhouse_private.kind owner to tollhouse_owner;

create temporary table calls (subject text, sound text);
insert into calls values
  ('function', $$ select tollhouse_private.verify_function('tollhouse.thing(timestamptz)', 'tollhouse_owner', 'definer', '{tollhouse_client}') $$),
  ('table', $$ select tollhouse_private.verify_table('tollhouse_private.things', 'tollhouse_owner', '{id, hidden}',
    array['tollhouse_engine: select, insert', 'tollhouse_operator, tollhouse_auditor: select']) $$),
  ('view', $$ select tollhouse_private.verify_view('tollhouse.things', 'tollhouse_owner', '{tollhouse_client}') $$),
  ('withheld', $$ select tollhouse_private.verify_withheld('tollhouse_private.things', 'tollhouse_monitor', '{hidden}') $$),
  ('policies', $$ select tollhouse_private.verify_policies('tollhouse_private.things', '{things_all_engine}') $$),
  ('type', $$ select tollhouse_private.verify_type('tollhouse_private.kind', 'tollhouse_owner') $$);
create function pg_temp.says(p_subject text, p_replace text default '', p_by text default '') returns text language sql as $$
  select pg_temp.said(replace(c.sound, p_replace, p_by)) from calls as c where c.subject = p_subject
$$;

select is(
  pg_temp.says('table'),
  'tollhouse_private.things does not grant insert to tollhouse_engine; it does not grant select to tollhouse_auditor; '
    'it does not grant select to tollhouse_engine; it does not grant select to tollhouse_operator',
  'a table that grants less than it should'
);
grant select, insert on tollhouse_private.things to tollhouse_engine;
grant select on tollhouse_private.things to tollhouse_operator, tollhouse_auditor;
select is(pg_temp.says('table'), null, 'a table as it should be');
grant delete on tollhouse_private.things to public;
select matches(pg_temp.says('table'), 'grants delete to public', 'a table that grants more than it should, to everybody');
revoke delete on tollhouse_private.things from public;
select is(pg_temp.says('table', 'id, hidden', 'id, gone'), 'tollhouse_private.things has no column gone', 'a table without a column');
select is(
  pg_temp.says('table', 'operator, ', 'operator, tollhouse_owner, '),
  'tollhouse_private.things grants delete to tollhouse_owner; it grants insert to tollhouse_owner; it grants truncate to tollhouse_owner; '
    'it grants update to tollhouse_owner',
  'an owner who has more than is said of it'
);

select is(pg_temp.says('function'), null, 'a function as it should be');
select is(
  pg_temp.says('function', 'definer', 'invoker'), 'tollhouse.thing(timestamp with time zone) is security definer, not invoker',
  'a function that runs as somebody else'
);
select is(
  pg_temp.says('function', '{tollhouse_client}', '{tollhouse_worker}'),
  'tollhouse.thing(timestamp with time zone) may be executed by tollhouse_client; it may not be executed by tollhouse_worker',
  'a function that others may execute'
);
alter function tollhouse.thing reset search_path;
select is(
  pg_temp.says('function'), 'tollhouse.thing(timestamp with time zone) does not pin its search_path to pg_catalog, pg_temp',
  'a function under its caller''s search_path'
);
alter function tollhouse.thing security invoker;
select is(pg_temp.says('function', 'definer', 'unpinned'), null, 'which is as it should be for one that is inlined');
alter function tollhouse.thing set jit = off;
select is(
  pg_temp.says('function', 'definer', 'unpinned'), 'tollhouse.thing(timestamp with time zone) sets jit=off', 'and that therefore may set nothing'
);
alter function tollhouse.thing owner to postgres;
select matches(pg_temp.says('function', 'definer', 'unpinned'), 'belongs to postgres, not to tollhouse_owner', 'a function of somebody else');

select is(pg_temp.says('view'), 'tollhouse.things does not grant select to tollhouse_client', 'a view that its readers cannot read');
grant select on tollhouse.things to tollhouse_client;
alter view tollhouse.things reset (security_invoker);
select is(pg_temp.says('view'), 'tollhouse.things is no security_invoker view', 'a view that reads as its owner');

select is(pg_temp.says('withheld'), 'tollhouse_private.things does not show id to tollhouse_monitor', 'a column that should be shown');
grant select on tollhouse_private.things to tollhouse_monitor;
select is(pg_temp.says('withheld'), 'tollhouse_private.things shows hidden to tollhouse_monitor', 'a column that should not be shown');

create policy things_all_everybody on tollhouse_private.things using (true);
select is(
  pg_temp.says('policies'),
  'tollhouse_private.things does not enable and force row security; it has a policy things_all_everybody; it has no policy things_all_engine',
  'a table without its row security, and a policy too many'
);

select is(pg_temp.says('type'), null, 'a type as it should be');
alter type tollhouse_private.kind owner to postgres;
select is(pg_temp.says('type'), 'tollhouse_private.kind belongs to postgres, not to tollhouse_owner', 'a type of somebody else');

select * from finish();
rollback;
