begin;
select plan(2);

-- What arrives where only another session can see: tests/race/test_notify.py.
select lives_ok($$select tollhouse_private.announce('{}')$$, 'an empty batch tells nobody');
select lives_ok($$
  select tollhouse_private.announce(array[
    jsonb_populate_record(null::tollhouse_private.settlement, jsonb_build_object('job', jsonb_build_object('tenant_id', 'acme', 'user_id', 'ann', 'call_id', gen_random_uuid())))])
$$, 'nobody need listen');

select * from finish();
rollback;
