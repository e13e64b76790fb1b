begin;
select plan(17);

savepoint maintain;
update tollhouse_private.settings set months_ahead = months_ahead + 1;
insert into tollhouse_private.deliveries values ('acme', gen_random_uuid(), 'ann', '{}', now());
create temporary table before as select count(*) as partitions from pg_class where relispartition and relkind = 'r';
select tollhouse_worker.maintain();
select is((select count(*) - (select partitions from before) from pg_class where relispartition and relkind = 'r'), 3::bigint, 'upkeep makes the months ahead');
select is((select count(*) from tollhouse_private.deliveries), 1::bigint, 'and leaves what is past its time to prune');

-- A clock that was wrong, or a long time without a worker: calls of a month that nobody made.
create function pg_temp.months(p_like text) returns bigint language sql as $$
  select count(*) from pg_class where relispartition and relkind = 'r' and relname like p_like
$$;
insert into tollhouse_private.request_keys (tenant_id, endpoint, request_id, user_id, call_id, created_at, fingerprint)
select 'acme', 'route', 'r1', 'ann', tollhouse_private.new_call_id('2019-02-10'), '2019-02-10', '';
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes,
  max_output_tokens, run_at, request)
select k.tenant_id, k.call_id, k.user_id, k.endpoint, k.request_id, k.created_at, '', 1, 1, now(), '{}' from tollhouse_private.request_keys as k;
select tollhouse_worker.maintain();
select is(pg_temp.months('%\_2019\_%'), 3::bigint, 'a call that is not finished gets its month');
delete from tollhouse_private.jobs;
select tollhouse_worker.maintain();
select is(pg_temp.months('%\_2019\_%'), 0::bigint, 'which goes when it is');
rollback to maintain;

savepoint prune;
insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at, expires_at, provider, model, cost_micro_usd)
select 'acme', v.key, '', gen_random_uuid(), v.upkeep_at, v.expires_at, 'mock', 'small', 1
from (values
  ('old'::bytea, now(), now() - interval '10 minutes'),
  ('just', now(), now() - interval '9 minutes'),
  ('later', now() + interval '1 second', now() - interval '10 minutes')
) as v (key, upkeep_at, expires_at);
insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at) values ('acme', 'nobody', '', gen_random_uuid(), now());
with job as (
  insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
  values ('acme', gen_random_uuid(), 'ann', 'route', 'leader', now(), '', 1, 1, now(), '{}') returning *
)
insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at) select 'acme', 'led', '', job.call_id, now() from job;
insert into tollhouse_private.deliveries values ('acme', gen_random_uuid(), 'ann', '{}', now()), ('acme', gen_random_uuid(), 'ann', '{}', now() + interval '1 second');
insert into tollhouse_private.request_keys values
  ('acme', 'route', 'ancient', 'ann', gen_random_uuid(), now() - interval '27 months', ''), ('acme', 'route', 'old', 'ann', gen_random_uuid(), now() - interval '24 months', '');
select tollhouse_worker.prune();
select is(concat_ws(' ', (select string_agg(encode(cache_key, 'escape'), ',' order by cache_key) from tollhouse_private.response_cache), (select count(*) from tollhouse_private.deliveries), (select string_agg(request_id, ',') from tollhouse_private.request_keys)),
  'just,later,led 1 old', 'upkeep removes what is past its time, and nothing else');
select results_eq(
  $$select encode(cache_key, 'escape'), upkeep_at - now() from tollhouse_private.response_cache order by 1$$,
  $$values ('just', interval '1 minute'), ('later', interval '1 second'), ('led', interval '1 hour')$$,
  'what is not over is looked at when it will be, what is waited for in an hour');
delete from tollhouse_private.jobs;
select tollhouse_worker.prune();
select is((select count(*) from tollhouse_private.response_cache), 3::bigint, 'not before');

-- In parts.
insert into tollhouse_private.request_keys
select 'acme', 'route', n, 'ann', gen_random_uuid(), now() - interval '27 months', '' from generate_series(1, 10001) as n;
savepoint crowd;
select is(tollhouse_worker.prune(), true, 'ten thousand keys are enough for one transaction');
select is((select count(*) from tollhouse_private.request_keys), 2::bigint, 'one is left over, beside what stays');
select is(tollhouse_worker.prune(), false, 'until there is no more');
select is((select string_agg(request_id, ',') from tollhouse_private.request_keys), 'old', 'and all that is past its time is gone');
rollback to crowd;
insert into tollhouse_private.deliveries select 'acme', gen_random_uuid(), 'ann', '{}', now() from generate_series(1, 1001);
select tollhouse_worker.prune();
select is((select count(*) from tollhouse_private.deliveries where expires_at <= now()), 1::bigint, 'of answers, which may be large, a thousand go at a time');
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
select 'acme', rk.call_id, 'ann', 'route', rk.request_id, rk.created_at, '', 1, 1, now(), '{}' from tollhouse_private.request_keys as rk where rk.request_id <> 'old';
select tollhouse_worker.prune();
select is((select count(*) from tollhouse_private.request_keys), 2::bigint, 'the key of a call that is not over stays');

insert into tollhouse_private.turns values ('acme', '', 'ann'), ('globex', '', 'gus');
select tollhouse_worker.prune();
select results_eq('select tenant_id from tollhouse_private.turns', array['acme'], 'whose turn it is matters while a tenant has calls');

insert into tollhouse_private.providers (provider) values ('mock');
insert into tollhouse_private.models (model, provider, provider_model) values ('small', 'mock', 'small');
insert into tollhouse_private.model_overruns select 'small', (now() at time zone 'UTC')::date - n, 2, 2, gen_random_uuid(), now() from generate_series(0, 32) as n;
select tollhouse_worker.prune();
select is((select count(*) from tollhouse_private.model_overruns), 32::bigint, 'what a model billed too much is forgotten when it holds no more');

-- What no index finds is looked at in part.
select tollhouse_worker.prune();
insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour) select 'acme', 'u' || n, now() - interval '27 months' from generate_series(1, 20000) as n;
select is(tollhouse_worker.prune(), true, 'where a part of the hours was past its time there may be more');
select cmp_ok((select count(*) from tollhouse_private.hourly_spend), '>', 15000::bigint, 'a part of them is all that one look costs');

select * from finish();
rollback;
