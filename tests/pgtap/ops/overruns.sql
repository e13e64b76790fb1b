begin;
select plan(5);
\ir scene.psql
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
end
$$;
insert into tollhouse_private.model_overruns values ('small', current_date, 1.5, 2, gen_random_uuid(), now()), ('small', current_date - 1, null, 2, gen_random_uuid(), now());
select is(pg_temp.leaves($$forget_overrun('small', 'credited')$$), 1::bigint, 'what was learned is reset, and it is audited');
select is_empty('select from tollhouse_ops.model_overruns', 'and gone');
select is(pg_temp.leaves($$forget_overrun('small', 'credited')$$), 0::bigint, 'nothing to reset leaves nothing behind');
insert into tollhouse_private.model_overruns values ('small', current_date, 1.5, 2, gen_random_uuid(), now()), ('small', current_date - 1, null, 2, gen_random_uuid(), now());
select pg_temp.refuses('TH301', $$forget_overrun('small', ' ')$$, 'a reset takes a reason');
set local role tollhouse_auditor;
select throws_ok($$select tollhouse_ops.forget_overrun('small', 'test')$$, '42501', null, 'who may only read resets nothing');

select * from finish();
rollback;
