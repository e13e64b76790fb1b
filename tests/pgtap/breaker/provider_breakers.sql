begin;
select plan(3);

select columns_are('tollhouse_private', 'provider_breakers', array['provider', 'state', 'opened_at', 'open_until', 'probe_call_id', 'reason'],
  'a provider''s own breaker knows its state and its probe');
select col_is_pk('tollhouse_private', 'provider_breakers', 'provider', 'one breaker per provider as a whole');
select throws_ok($$insert into tollhouse_private.provider_breakers values ('mock', 'half_open', null, '2030-01-01Z', null)$$, '23514', null, 'a provider''s half-open breaker has a probe');

select * from finish();
rollback;
