begin;
select plan(15);

\ir ../job.psql
insert into tollhouse_private.response_cache
  (tenant_id, scope, endpoint, cache_key, watermark, origin_call_id, provider, model, cost_micro_usd, response, expires_at)
values ('acme', '', 'route', '\x01', 'v1', gen_random_uuid(), 'north', 'small', 5, '{"content": "x"}', '2026-01-01 12:00:00+00');

create function pg_temp.said(p_change jsonb default '{}', p_now timestamptz default '2026-01-01 11:00:00+00') returns text language sql as $$
  select string_agg(concat_ws(' ', g.verdict, g.reason, g.retry_at), ', ')
  from tollhouse_private.guard_cache(array[pg_temp.job('{"cache_key": "\\x01", "watermark": "v1"}'::jsonb || p_change)], p_now) as g
$$;
select is(pg_temp.said(), 'cached', 'a fresh answer under the same key is found');
select is(pg_temp.said('{}', '2026-01-01 11:59:59.999999+00'), 'cached', 'until the last microsecond of its lifetime');
select is(pg_temp.said('{}', '2026-01-01 12:00:00+00'), null, 'at expires_at it is no longer fresh');
select is(pg_temp.said(v.change), null, v.why)
from (values
  ('{"cache_key": "\\x02"}'::jsonb, 'another question does not match'),
  ('{"watermark": "v2"}', 'newer data does not match'),
  ('{"watermark": ""}', 'nor does a call without a watermark'),
  ('{"cache_scope": "ann"}', 'a user''s own answers are not the tenant''s'),
  ('{"tenant_id": "globex"}', 'another tenant''s answer is never found'),
  ('{"endpoint": "explanation"}', 'nor another endpoint''s'),
  ('{"provider_attempted": true}', 'what has been sent already is not answered from the cache'),
  ('{"cache_key": null}', 'a call that may not use the cache matches nothing')
) as v (change, why);
select is_empty('select tollhouse_private.guard_cache(null, now())', 'no batch, no verdict');

update tollhouse_private.response_cache set scope = 'ann';
select is(pg_temp.said('{"cache_scope": "ann"}'), 'cached', 'a user''s own answer is found for that user');
select is(pg_temp.said('{"cache_scope": "bob"}'), null, 'not for another');
select is(pg_temp.said('{"cache_scope": ""}'), null, 'and not for the tenant');

select * from finish();
rollback;
