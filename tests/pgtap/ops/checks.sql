begin;
select plan(11);

-- check_value
savepoint apart;
select throws_ok($$select tollhouse_private.check_value(null, 'x', 'y')$$, 'TH303', null, 'what can''t be decided is a bad value');
select throws_ok($$select tollhouse_private.check_value(false, 'x', 'y')$$, 'TH303', 'bad value', 'so is what is not true');
select lives_ok($$select tollhouse_private.check_value(true, 'x', 'y')$$, 'what is true passes');
rollback to apart;

-- check_target
select throws_ok($$select tollhouse_private.check_target('provider', 'mock')$$, 'TH302', null, 'a provider that nobody set is unknown');
select throws_ok($$select tollhouse_private.check_target('model', null)$$, 'TH302', null, 'null is unknown');
select lives_ok($$select tollhouse_private.check_target('endpoint', 'route')$$, 'an endpoint that exists is known');
select throws_ok($$select tollhouse_private.check_target('endpoint', 'nowhere')$$, 'TH302', null, 'another is not');
select lives_ok($$select tollhouse_private.check_target('tenant', 'acme')$$, 'a tenant need not be known, only well-formed');
select throws_ok($$select tollhouse_private.check_target('tenant', 'a b')$$, 'TH303', null, 'a malformed one is a bad value');
select throws_ok($$select tollhouse_private.check_target('user', null)$$, 'TH303', null, 'so is null');
select throws_ok($$select tollhouse_private.check_target('user', '')$$, 'TH303', null, 'and an empty name');

select * from finish();
rollback;
