begin;
select plan(2);

-- Whether a notification was sent shows only after a commit; the race tests look at that.
select lives_ok('select tollhouse_private.wake_idle_worker()', 'with no worker there is nobody to wake');
set local role tollhouse_client;
select throws_ok('select tollhouse_private.wake_idle_worker()', '42501', null, 'a client wakes workers through enqueue only');
reset role;

select * from finish();
rollback;
