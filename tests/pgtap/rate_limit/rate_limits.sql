begin;
select plan(7);

select columns_are('tollhouse_private', 'rate_limits', array[
  'scope', 'target', 'requests_per_minute', 'tokens_per_minute', 'max_in_flight', 'requests_available', 'tokens_available', 'refilled_at', 'last_tenant_id', 'line'
], 'a limit has three numbers, two buckets, and whose turn it was');
select col_is_pk('tollhouse_private', 'rate_limits', array['scope', 'target'], 'one limit per scope and target');
select indexes_are('tollhouse_private', 'rate_limits', array['rate_limits_line_key', 'rate_limits_pkey'], 'and one line');
prepare lim (text, integer, integer, integer) as insert into tollhouse_private.rate_limits values ($1, 'x', $2, $3, $4, 0, 0, now());
select throws_ok($$execute lim ('user', 1, 1, 1)$$, '23514', null, 'limits are for tenants, providers and models');
select throws_ok($$execute lim ('tenant', 0, 1, 1)$$, '23514', null, 'no request a minute is refused');
select throws_ok($$execute lim ('tenant', 1, 0, 1)$$, '23514', null, 'no token a minute is refused');
select throws_ok($$execute lim ('tenant', 1, 1, 0)$$, '23514', null, 'no call in flight is refused');

select * from finish();
rollback;
