begin;
select plan(3);

select throws_ok($$select tollhouse_private.check_value(null, 'x', 'y')$$, 'TH303', null, 'what can''t be decided is a bad value');
select throws_ok($$select tollhouse_private.check_value(false, 'x', 'y')$$, 'TH303', 'bad value', 'so is what is not true');
select lives_ok($$select tollhouse_private.check_value(true, 'x', 'y')$$, 'what is true passes');

select * from finish();
rollback;
