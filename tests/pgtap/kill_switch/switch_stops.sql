begin;
select plan(16);

\ir cases.psql
select is(
  tollhouse_private.switch_stops(row(c.scope, c.tenant_id, c.target, 'test', 'test', now())::tollhouse_private.kill_switches, 'acme', 'ann', 'route', 'north', 'small'),
  c.stops, c.why
)
from cases as c;
select is(
  (select bool_or(tollhouse_private.switch_stops(row(c.scope, c.tenant_id, c.target, 'test', 'test', now())::tollhouse_private.kill_switches, null, null, null, null, null))
   from cases as c where c.scope <> 'global'),
  null, 'what is not decided yet is not known to be stopped by any but the global switch'
);

select * from finish();
rollback;
