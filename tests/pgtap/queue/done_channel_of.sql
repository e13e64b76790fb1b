begin;
select plan(4);

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

select * from finish();
rollback;
