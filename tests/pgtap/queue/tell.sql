begin;
select plan(4);

-- What arrives, and what does not: tests/race/test_notify.py, tests/chaos/test_notifications.py.
select lives_ok($$select tollhouse_private.tell('nobody', array['', 'a'])$$, 'nobody need listen');
select lives_ok($$select tollhouse_private.tell('nobody', null)$$, 'nothing need be told');
select lives_ok($$select tollhouse_private.tell_each(array['nobody', 'nobody else'], array['', 'a'])$$, 'nor to one of several');
select lives_ok($$select tollhouse_private.tell_each(null, null)$$, 'and nothing need be told to any');

select * from finish();
rollback;
