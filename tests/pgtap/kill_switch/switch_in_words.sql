begin;
select plan(8);

\ir ../two_providers.psql
select tollhouse.set_identity('acme', 'ann');
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');
create function pg_temp.said()
  returns text
  language sql
as $$
  select tollhouse_private.switch_in_words(j) from tollhouse_private.jobs as j
$$;
savepoint start;

select is(pg_temp.said(), null, 'without a switch there is nothing to say');
select is(pg_temp.said(), format('a kill switch on %s (why)', v.words), format('%s is named with its reason', v.words))
from (values ('everything', tollhouse_ops.stop_everything('why'))) as v (words, done);
rollback to start;
select tollhouse_ops.pull_kill_switch('tenant', 'acme', 'why');
select is(pg_temp.said(), 'a kill switch on tenant acme (why)', 'a tenant');
rollback to start;
select tollhouse_ops.pull_kill_switch('user', 'ann', 'why', 'acme');
select is(pg_temp.said(), 'a kill switch on user ann (why)', 'a user');
rollback to start;
select tollhouse_ops.pull_kill_switch('endpoint', 'route', 'why');
select is(pg_temp.said(), 'a kill switch on endpoint route (why)', 'an endpoint');
rollback to start;
select tollhouse_ops.pull_kill_switch('tenant', 'globex', 'why'), tollhouse_ops.pull_kill_switch('user', 'ann', 'why', 'globex');
select is(pg_temp.said(), null, 'what stops others is not said');
select tollhouse_ops.pull_kill_switch('provider', (select provider from tollhouse_private.providers order by 1 limit 1), 'why');
select is(pg_temp.said(), null, 'one provider of two stops nothing');
select tollhouse_ops.pull_kill_switch('provider', p.provider, 'why') from tollhouse_private.providers as p;
select matches(pg_temp.said(), '^a kill switch on provider \S+ \(why\)$', 'both do');

select * from finish();
rollback;
