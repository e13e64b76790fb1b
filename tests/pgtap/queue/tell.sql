begin;
select plan(2);

-- What arrives, and what does not: tests/race/test_notify.py, tests/chaos/test_notifications.py.
select lives_ok($$select tollhouse_private.tell('nobody', array['', 'a'])$$, 'nobody need listen');
select lives_ok($$select tollhouse_private.tell('nobody', null)$$, 'nothing need be told');

select * from finish();
rollback;
