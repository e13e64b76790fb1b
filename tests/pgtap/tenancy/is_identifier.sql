begin;
select plan(17);

select ok(tollhouse_private.is_identifier(v), format('%s may name a tenant or a user', left(v, 20)))
from unnest(array['a', 'A-1.b_c:d@e', '0', repeat('x', 128)]) as v;
select ok(not tollhouse_private.is_identifier(v), format('%s names nobody', left(to_json(v)::text, 20)))
from unnest(array['', ' ', '-a', '.a', 'a b', 'a/b', e'a\n', e'a\nb', e'a\tb', 'ä', 'a''b', repeat('x', 129)]) as v;
select is(tollhouse_private.is_identifier(null), null, 'who says nothing is neither');

select * from finish();
rollback;
