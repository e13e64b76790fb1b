begin;
select plan(2);

update tollhouse_private.settings set months_ahead = months_ahead + 1;
insert into tollhouse_private.deliveries values ('acme', gen_random_uuid(), 'ann', '{}', now());
create temporary table before as select count(*) as partitions from pg_class where relispartition and relkind = 'r';
select tollhouse_worker.maintain();
select is((select count(*) - (select partitions from before) from pg_class where relispartition and relkind = 'r'), 3::bigint, 'upkeep makes the months ahead');
select is((select count(*) from tollhouse_private.deliveries), 1::bigint, 'and leaves what is past its time to prune');

select * from finish();
rollback;
