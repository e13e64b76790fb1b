begin;
select plan(8);

\ir scene.psql
\ir line.psql
create function pg_temp.next(p_last_tenant_id text, p_limit integer) returns setof text language sql as $$
  select n.user_id || right(n.call_id::text, 2)::integer || ' ' || n.tokens from tollhouse_private.next_in_line('provider mock', p_last_tenant_id, p_limit) as n order by n.turn
$$;

select is_empty($$select pg_temp.next('', 10)$$, 'nobody is next where nobody waits');
select pg_temp.stand('acme', 'ann', 1, 5), pg_temp.stand('acme', 'bob', 6, 7), pg_temp.stand('globex', 'gus', 8, 8);
select pg_temp.stand('acme', 'ann', 20, 20, 'model small'), pg_temp.stand('zeta', 'zoe', 21, 21, null);
select results_eq($$select pg_temp.next('', 6)$$, array['ann1 200', 'gus8 200', 'bob6 200', 'ann2 200', 'bob7 200'],
  'by turns over the tenants, and over the users of each, the oldest of each first');
select results_eq($$select pg_temp.next('', 2)$$, array['ann1 200', 'gus8 200'], 'no more than asked for');
select results_eq($$select pg_temp.next('acme', 2)$$, array['gus8 200', 'ann1 200'], 'beginning after the tenant that had the last turn, and round to it');
select results_eq($$select pg_temp.next('bravo', 1)$$, array['gus8 200'], 'which need not be there any more');
insert into tollhouse_private.turns values ('acme', 'provider mock', 'ann'), ('acme', '', 'bob');
select results_eq($$select pg_temp.next('', 2)$$, array['bob6 200', 'gus8 200'], 'and after the user that had the last turn in this line');
delete from tollhouse_private.jobs where user_id = 'bob';
select results_eq($$select pg_temp.next('', 2)$$, array['ann1 200', 'gus8 200'], 'who is alone has every turn');
select is_empty($$select pg_temp.next('', 0)$$, 'no place, nobody');

select * from finish();
rollback;
