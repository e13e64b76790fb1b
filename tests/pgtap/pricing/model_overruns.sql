begin;
select plan(9);

select columns_are('tollhouse_private', 'model_overruns', array['model', 'day', 'factor', 'highest', 'call_id', 'learned_at'], 'what a model billed too much on a day, since when, and by which call');
select is(tollhouse_private.with_overrun(100, null), 100::bigint, 'a model that never billed too much reserves what a call can cost');
select is(tollhouse_private.with_overrun(100, 1.4), 140::bigint, 'one that did reserves that much more');
select is(tollhouse_private.with_overrun(1, 1.000001), 2::bigint, 'rounded up');
select is(tollhouse_private.with_overrun(4000000000000000, 1000000), 4000000000000000, 'a reservation stays a number, and never becomes less');
select is(tollhouse_private.with_overrun(null, 2), null, 'what has no price has no reservation');
select throws_ok($$insert into tollhouse_private.model_overruns values ('small', current_date, 1, 2, gen_random_uuid(), now())$$, '23514', null, 'what was not too much is no overrun');
select throws_ok($$insert into tollhouse_private.model_overruns values ('small', current_date, null, 1, gen_random_uuid(), now())$$, '23514', null, 'not of one call either');
set local role tollhouse_client;
select throws_ok('select from tollhouse_private.model_overruns', '42501', null, 'clients don''t read them');

select * from finish();
rollback;
