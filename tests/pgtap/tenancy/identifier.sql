begin;
select plan(3);

select lives_ok($$ select 'acme'::tollhouse_private.identifier $$, 'what may name a tenant is one');
select throws_ok(format('select %L::tollhouse_private.identifier', v), '23514', null, format('%s is none', to_json(v)))
from unnest(array['', 'a b']) as v;

select * from finish();
rollback;
