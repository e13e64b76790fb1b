begin;
select plan(3);

create table pg_temp.full_of as select repeat('x', 1000) as filler from generate_series(1, 400);
create function pg_temp.blocks(p_stretch tid[]) returns int8range language sql as $$
  select int8range((p_stretch[1]::text::point)[0]::bigint, (p_stretch[2]::text::point)[0]::bigint)
$$;
select is(pg_temp.blocks(tollhouse_private.stretch('tollhouse_private.settings')), '[0,20)'::int8range, 'a small table is looked at whole');
create table pg_temp.seen as select pg_temp.blocks(tollhouse_private.stretch('pg_temp.full_of')) as blocks from generate_series(1, 1000);
select is((select max(upper(s.blocks) - lower(s.blocks)) from pg_temp.seen as s), 20::bigint, 'of a larger one a part');
select is(
  (select range_agg(s.blocks) @> int8range(0, pg_relation_size('pg_temp.full_of') / current_setting('block_size')::bigint) from pg_temp.seen as s),
  true, 'by and by all of it'
);

select * from finish();
rollback;
