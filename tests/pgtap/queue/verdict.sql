begin;
select plan(4);

create function pg_temp.job(p_number integer)
  returns tollhouse_private.work
  language sql
as $$
  select jsonb_populate_record(null::tollhouse_private.work, jsonb_build_object('call_id', lpad(p_number::text, 32, '0')))
$$;
create function pg_temp.verdict(p_number integer)
  returns tollhouse_private.verdict
  language sql
as $$
  select row((pg_temp.job(p_number)).call_id, 'blocked', 'test', null, null)::tollhouse_private.verdict
$$;

select is(cardinality(tollhouse_private.undecided(array[pg_temp.job(1), pg_temp.job(2)], array[pg_temp.verdict(1)])), 1, 'a call that a guard has spoken about goes no further');
select is(cardinality(tollhouse_private.undecided(array[pg_temp.job(1), pg_temp.job(2)], '{}')), 2, 'without a word all of them do');
select is(tollhouse_private.undecided(array[pg_temp.job(1)], array[pg_temp.verdict(1)]), '{}'::tollhouse_private.work[], 'none left is an empty batch, not null');
select is(tollhouse_private.undecided('{}'::tollhouse_private.route[], array[pg_temp.verdict(1)]), '{}'::tollhouse_private.route[], 'the same for routes');

select * from finish();
rollback;
