begin;
select plan(43);

\ir census.psql

create table public.products (id integer, name text);
insert into public.products select n, 'product ' || n from generate_series(1, 2500) as n;
create function pg_temp.said(p_query text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  return (select string_agg(concat_ws(' ', q.status, q.blocked_reason, q.calls, q.deduplicated), ', ') from tollhouse.enqueue_query(p_query) as q);
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return concat_ws(': ', sqlstate, coalesce(nullif(v_detail, ''), sqlerrm));
end
$$;
create function pg_temp.calls(p_of text) returns text language sql as $$
  select format($q$select 'route' as endpoint, jsonb_build_object('prompt', id) as request, id as request_id from (%s) as s (id)$q$, p_of)
$$;
savepoint products;

select is(
  pg_temp.said($$select 'route' as endpoint, jsonb_build_object('prompt', p.name) as request, p.id::text as request_id from public.products as p order by p.id$$),
  'queued 2500 0', 'each row of a query is a call');
select is(pg_temp.written(), 'jobs +2500, request_keys +2500', 'with one key and one job');
select is((select j.request from tollhouse_private.jobs as j where j.request_id = '2500'), '{"prompt": "product 2500"}', 'of what its row says');
select is(
  pg_temp.said($$select 'route' as endpoint, jsonb_build_object('prompt', p.name) as request, p.id::text as request_id from public.products as p$$),
  'queued 2500 2500', 'the same rows again are the same calls');
select is(pg_temp.written(), 'jobs +2500, request_keys +2500', 'and write nothing');
select is(
  pg_temp.said($$select 'route' as endpoint, jsonb_build_object('prompt', p.name) as request, p.id::text as request_id from public.products as p where p.id > 2000
    union all select 'route', jsonb_build_object('prompt', 'new ' || n % 1200), 'n' || n % 1200 from generate_series(1, 2400) as n$$),
  'queued 2900 1700', 'an id that stands twice in a query is one call, however many rows are between');
rollback to products;

select is(
  pg_temp.said($$select 'route' as endpoint, '{"prompt": "a"}'::jsonb as request, 'r1' as request_id, 'w' as watermark, false as use_cache, 5 as max_cost_micro_usd, '{"a": 1}'::json as metadata
    union all select 'explanation', '{"prompt": "b"}', 'r2', null, null, null, null$$),
  'queued 2 0', 'columns are the parameters of enqueue');
select results_eq(
  $$select j.request_id, j.fingerprint = sha256(convert_to(jsonb_build_array(j.user_id, j.endpoint, j.request, j.requested_model, case j.request_id when 'r1' then 'w' else '' end)::text, 'UTF8')), j.cache_key is null, j.max_cost_micro_usd, j.metadata from tollhouse_private.jobs as j order by 1$$,
  $$values ('r1', true, true, 5::bigint, '{"a": 1}'::jsonb), ('r2', true, false, null, null)$$,
  'and one that is null counts as left out');
select is(
  pg_temp.said($$select 'route' as endpoint, '{"prompt": "a"}'::jsonb as request, now() + interval '1 day' as run_at, 'small' as model$$),
  'scheduled 1 0', 'a time and a model too');
select is(pg_temp.said($$select 'route' as endpoint, '{"prompt": "a"}'::jsonb as request from generate_series(1, 3)$$), 'queued 3 0', 'without a request id each row is a call of its own');
select is(pg_temp.said(E'  values (1) ;\n'), 'TH102: unknown column column1', 'VALUES is a query');
rollback to products;

-- What the guards say at once.
select tollhouse.enqueue('route', '{"prompt": "known"}', 'first');
select pg_temp.work();
select tollhouse_ops.pull_kill_switch('endpoint', 'explanation', 'test');
select is(
  pg_temp.said($$select e.endpoint, jsonb_build_object('prompt', e.prompt) as request
    from (values ('route', 'known'), ('explanation', 'x'), ('route', 'new'), ('explanation', 'y')) as e (endpoint, prompt)$$),
  'blocked provider_kill_switch 2 0, queued 1 0, success 1 0', 'rows are counted by status and reason');
rollback to products;

-- Errors.
select is(
  pg_temp.said(pg_temp.calls($$select case n when 1777 then 'a b' else 'r' || n end from generate_series(1, 2500) as n order by n$$)),
  $$TH104: row 1777 of the query: 'a b'$$, 'an error names the row');
select is(pg_temp.written(), null, 'and nothing is written');
select is(
  pg_temp.said($$select 'route' as endpoint, jsonb_build_object('prompt', n) as request from generate_series(1, 5) as n$$),
  (select 'TH102: row 1 of the query: ' || p from tollhouse_private.request_problem('{"prompt": 1}') as p), 'in the words of enqueue');
select is(
  pg_temp.said($$select 'route' as endpoint, jsonb_build_object('prompt', n) as request, 'same' as request_id from unnest(array['1', '2']) as n$$),
  'TH107: row 2 of the query: endpoint route, request id same', 'an id that is used for another request');
select is(
  pg_temp.said(pg_temp.calls($$select 'r' || n from generate_series(1, 1500) as n$$) || $$ union all select 'route', '{"prompt": "other"}', 'r3'$$),
  'TH107: row 1501 of the query: endpoint route, request id r3', 'however far back');
select is(pg_temp.said($$select 'route' as endpoint, '{"prompt": "a"}'::jsonb as request, 'red' as colour$$), 'TH102: unknown column colour', 'a column that is no parameter is named');
select throws_matching($$select tollhouse.enqueue_query('select 5 as colour')$$, 'invalid request', 'it is an invalid request');
select is(pg_temp.said($$select 'route' as endpoint, '{"prompt": "a"}'::jsonb as request, 'soon' as run_at$$),
  'TH102: row 1 of the query: invalid input syntax for type timestamp with time zone: "soon"', 'and a value of the wrong type by its row');
select is(pg_temp.said('select'), 'TH101: row 1 of the query: endpoint null', 'a row without columns is one without an endpoint');
select is(pg_temp.said('selec 1'), 'TH102: the query: syntax error at or near "1"', 'a query that cannot be read');
select is(pg_temp.said('select * from nowhere'), 'TH102: the query: relation "nowhere" does not exist', 'or names what is not there');
select is(
  pg_temp.said($$select 'route' as endpoint, jsonb_build_object('prompt', (10 / (1200 - n))::text) as request from generate_series(1, 2500) as n$$),
  'TH102: row 1200 of the query: division by zero', 'a query that fails midway says at which row');
select is(pg_temp.written(), null, 'and takes back what it has enqueued');
select is(pg_temp.said(null), 'TH102: p_query is null', 'null is no query');
select is(pg_temp.said(''), 'TH102: the query: syntax error at or near ")"', 'nor is an empty text');
select is(pg_temp.said($$select 'route' as endpoint where false$$), null, 'a query without rows is nothing');
select is(pg_temp.written(), null, 'and writes nothing');
select matches(pg_temp.said(write), '^TH102: the query: ', 'no query: ' || write)
from unnest(array[
  'delete from public.products returning id', 'with d as (delete from public.products returning id) select id from d', 'select 1; delete from public.products',
  'select 1) as q; delete from public.products; select (1', 'show search_path'
]) as write;
rollback to products;
select tollhouse_ops.set_queue_limit('acme', 1200, null, 'test');
select matches(pg_temp.said(pg_temp.calls($$select 'r' || n from generate_series(1, 2500) as n$$)), '^TH112: ', 'a queue that is full is one');
rollback to products;

-- The query runs as the caller, and its names are the caller's.
create table public.secrets (secret text);
create schema stall;
grant usage, create on schema stall to tollhouse_client;
create function stall.own_name() returns text language sql as $$ select 'of the stall, as ' || current_user $$;
create function pg_temp.never() returns boolean language plpgsql as $$
begin
  raise exception 'taken for one of the catalog''s, as %', current_user;
end
$$;
create function pg_temp.bait() returns void language plpgsql as $bait$
declare
  v_take text;
begin
  foreach v_take in array array[
    'array_append(jsonb[], jsonb) returns jsonb[]', 'cardinality(jsonb[]) returns integer', 'pg_column_size(jsonb) returns integer', 'format(text, text) returns text',
    'format(text, bigint, text) returns text', 'rtrim(text, text) returns text', 'to_jsonb(jsonb[]) returns jsonb', 'jsonb_agg(jsonb) returns jsonb', 'sum(bigint) returns numeric',
    'substring(text, text) returns text', 'regexp_replace(text, text, text) returns text', 'starts_with(text, text) returns boolean', 'left(text, integer) returns text',
    'matches(text, text) returns boolean', 'adds(bigint, integer) returns bigint', 'adds(bigint, bigint) returns bigint', 'equals(integer, integer) returns boolean',
    'equals(text, text) returns boolean', 'at_least(bigint, integer) returns boolean'
  ] loop
    execute format($$create function stall.%s language plpgsql as 'begin perform pg_temp.never(); return null; end'$$, v_take);
  end loop;
  create operator stall.+ (leftarg = bigint, rightarg = integer, function = stall.adds);
  create operator stall.+ (leftarg = bigint, rightarg = bigint, function = stall.adds);
  create operator stall.= (leftarg = integer, rightarg = integer, function = stall.equals);
  create operator stall.= (leftarg = text, rightarg = text, function = stall.equals);
  create operator stall.<> (leftarg = text, rightarg = text, function = stall.equals);
  create operator stall.>= (leftarg = bigint, rightarg = integer, function = stall.at_least);
  create operator stall.~ (leftarg = text, rightarg = text, function = stall.matches);
  create function pg_temp.enqueue_many(jsonb) returns void language sql as 'select pg_temp.never()';
  foreach v_take in array array['text', 'jsonb', 'int4', 'int8', 'bool', 'refcursor', 'numeric'] loop
    execute format('create domain pg_temp.%1$I as pg_catalog.%1$I check (pg_temp.never())', v_take);
  end loop;
end
$bait$;
create table public.said (status text, blocked_reason text, calls bigint, deduplicated bigint);
grant select, insert on public.said to tollhouse_client;
savepoint stalls;
set local role tollhouse_client;
select is(
  pg_temp.said($$select 'route' as endpoint, jsonb_build_object('prompt', stall.own_name()) as request, 'r1' as request_id$$), 'queued 1 0', 'a caller may ask in what is theirs');
select throws_ok($$select tollhouse.enqueue_query('select s.secret as endpoint from public.secrets as s')$$, '42501', 'permission denied for table secrets', 'and read nothing that they may not');
select throws_ok($$select tollhouse.enqueue_query('select r.request_id from tollhouse_private.request_keys as r')$$, '42501', null, 'nothing of ours either');
reset role;
select is((select j.request ->> 'prompt' from tollhouse_private.jobs as j), 'of the stall, as tollhouse_client', 'what the query calls runs as the caller');
set local role tollhouse_client;
set local search_path = stall, public;
select is(pg_temp.said($$select 'route' as endpoint, jsonb_build_object('prompt', own_name()) as request, 'r2' as request_id$$), 'queued 1 0', 'with the names of the caller''s path');
rollback to stalls;
select pg_temp.bait();
-- Compiled anew, with the types that are found now.
alter function tollhouse.enqueue_query(pg_catalog.text) rows 10;
set local role tollhouse_client;
set local search_path = stall, pg_catalog;
insert into public.said select q.* from tollhouse.enqueue_query($$select 'route' as endpoint, '{"prompt": "a"}'::pg_catalog.jsonb as request from pg_catalog.generate_series(1, 1001)$$) as q;
savepoint said;
\set ON_ERROR_STOP off
select tollhouse.enqueue_query($$select 'route' as endpoint, 5 as request$$);
\set first :LAST_ERROR_SQLSTATE
rollback to said;
select tollhouse.enqueue_query($$select 'route' as endpoint, 1 / 0 as request$$);
\set second :LAST_ERROR_SQLSTATE
rollback to said;
\set ON_ERROR_STOP on
reset role;
create temporary table seen as select :'first'::pg_catalog.text as first, :'second'::pg_catalog.text as second;
set local search_path = pg_catalog, public, pg_temp;
select is((select string_agg(concat_ws(' ', s.status, s.calls, s.deduplicated), ', ') from public.said as s), 'queued 1001 0', 'no name of ours is looked up on that path');
select is((select s.first || ' ' || s.second from pg_temp.seen as s), 'TH102 TH102', 'nor for an error');
rollback to stalls;
select set_config('tollhouse.user_id', '', true);
select is(pg_temp.said($$select 1 / 0 as endpoint$$), 'TH001: no identity', 'without an identity nothing is run');

select * from finish();
rollback;
