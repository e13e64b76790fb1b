begin;
select plan(15);

select lives_ok(format('select %L::tollhouse_private.identifier', v), format('%s may name a tenant or a user', v))
from unnest(array['a', 'A-1.b_c:d@e', '0', repeat('x', 128)]) as v;
select throws_ok(format('select %L::tollhouse_private.identifier', v), '23514', null, format('%s names nobody', to_json(v)))
from unnest(array['', ' ', '-a', '.a', 'a b', 'a/b', e'a\n', e'a\tb', 'ä', 'a''b', repeat('x', 129)]) as v;

select * from finish();
rollback;
