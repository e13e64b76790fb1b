begin;
select plan(4);

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

select * from finish();
rollback;
