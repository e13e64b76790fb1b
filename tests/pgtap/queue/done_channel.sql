begin;
select plan(7);

create function pg_temp.channel(p_tenant_id text, p_user_id text) returns text language plpgsql as $$
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  return tollhouse.done_channel();
end
$$;

set local role tollhouse_client;
select matches(pg_temp.channel('acme', 'ann'), '^tollhouse_done_[0-9a-f]{40}$', 'a done-channel has a name that LISTEN takes, cut off nowhere');
select is(pg_temp.channel('acme', 'ann'), pg_temp.channel('acme', 'ann'), 'it is always the same for the same user');
select isnt(pg_temp.channel('acme', 'ann'), pg_temp.channel('acme', 'bob'), 'two users of a tenant have two channels');
select isnt(pg_temp.channel('acme', 'ann'), pg_temp.channel('globex', 'ann'), 'two users of one name at two tenants have two channels');
select isnt(pg_temp.channel('a', 'b.c'), pg_temp.channel('a.b', 'c'), 'where the tenant ends and the user begins makes a difference');
select throws_ok($$select pg_temp.channel('', '')$$, 'TH001', 'no identity', 'without an identity there is none');
select throws_ok($$select pg_temp.channel('acme', 'a b')$$, 'TH001', 'no identity', 'nor with a malformed one');
reset role;

select * from finish();
rollback;
