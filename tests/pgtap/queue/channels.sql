begin;
select plan(13);

create function pg_temp.channel(p_tenant_id text, p_user_id text) returns text language plpgsql as $$
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  return tollhouse.done_channel();
end
$$;

select set_eq(
  $$
    select r.rolname::text from pg_roles as r
    where r.rolname like 'tollhouse%' and has_table_privilege(r.oid, 'tollhouse_private.channel_secret', 'select')
  $$,
  array['tollhouse_owner', 'tollhouse_engine'],
  'nobody who logs in reads what the names of channels are made of'
);
set local role tollhouse_client;
select matches(pg_temp.channel('acme', 'ann'), '^tollhouse_done_[0-9a-f]{40}$', 'a done-channel has a name that LISTEN takes, cut off nowhere');
select is(pg_temp.channel('acme', 'ann'), pg_temp.channel('acme', 'ann'), 'it is always the same for the same user');
select isnt(pg_temp.channel('acme', 'ann'), pg_temp.channel('acme', 'bob'), 'two users of a tenant have two channels');
select isnt(pg_temp.channel('acme', 'ann'), pg_temp.channel('globex', 'ann'), 'two users of one name at two tenants have two channels');
select isnt(pg_temp.channel('a', 'b.c'), pg_temp.channel('a.b', 'c'), 'where the tenant ends and the user begins makes a difference');
select throws_ok($$select pg_temp.channel('', '')$$, 'TH001', 'no identity', 'without an identity there is none');
select throws_ok($$select pg_temp.channel('acme', 'a b')$$, 'TH001', 'no identity', 'nor with a malformed one');
select throws_ok(
  $$select tollhouse_private.done_channel_of('globex', 'ann')$$, '42501', null, 'a client cannot ask for another user''s channel'
);
reset role;
select is(
  pg_temp.channel('acme', 'ann'), tollhouse_private.done_channel_of('acme', 'ann'), 'results are announced on the channel that the user is told'
);
create temporary table before as select tollhouse_private.done_channel_of('acme', 'ann') as name;
update tollhouse_private.channel_secret set secret = 'another installation''s';
select isnt(
  tollhouse_private.done_channel_of('acme', 'ann'), (select b.name from before as b), 'another installation''s channel of the same user has another name'
);

-- Whether a notification was sent shows only after a commit; the race tests look at that.
select lives_ok('select tollhouse_private.wake_idle_worker()', 'with no worker there is nobody to wake');
set local role tollhouse_client;
select throws_ok('select tollhouse_private.wake_idle_worker()', '42501', null, 'a client wakes workers through enqueue only');
reset role;

select * from finish();
rollback;
