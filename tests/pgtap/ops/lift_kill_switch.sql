begin;
select plan(6);

\ir switches.psql

select pg_temp.leaves($$pull_kill_switch('provider', 'mock', 'test')$$), pg_temp.leaves($$pull_kill_switch('model', 'small', 'test')$$),
  pg_temp.leaves($$pull_kill_switch('endpoint', 'route', 'test')$$), pg_temp.leaves($$pull_kill_switch('tenant', 'acme', 'test')$$),
  pg_temp.leaves($$pull_kill_switch('user', 'ann', 'test', 'acme')$$);
select is(tollhouse_ops.lift_kill_switch('user', 'ann', 'test', 'globex'), false, 'a user''s switch is lifted in their own tenant only');
select is(tollhouse_ops.lift_kill_switch('user', 'ann', 'test', 'acme'), true, 'there it is');
select is(tollhouse_ops.lift_kill_switch('tenant', 'acme', 'test', 'globex'), false, 'nor is a tenant''s switch another one''s');
select is(tollhouse_ops.lift_kill_switch('tenant', 'acme', 'test'), true, 'a tenant''s is lifted by its name');
select is(pg_temp.switches(), 'endpoint:route model:small provider:mock', 'and nothing else with it');
select pg_temp.refuses('TH301', $$lift_kill_switch('provider', 'mock', '')$$, 'that takes a reason');

select * from finish();
rollback;
