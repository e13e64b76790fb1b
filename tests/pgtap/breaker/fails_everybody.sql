begin;
select plan(6);

\ir scene.psql

-- One tenant does not close a provider to the others.
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('success', p_tenant_id => 'globex'));
select pg_temp.flood(50);
select is(pg_temp.provider_state(), 'none', 'a tenant''s failures, of however many users, do not open it for another one whose calls succeed');
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('success', p_tenant_id => 'globex'), pg_temp.ended('failure', p_tenant_id => 'globex', p_worker => 2));
select is(pg_temp.provider_state(), 'none', 'nor for one whose calls mostly do');
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', p_tenant_id => 'initech', p_worker => 2));
select is(pg_temp.provider_state(), 'open', 'it opens when it is so for the others as well');
rollback to start;
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('success', p_tenant_id => 'globex'));
select pg_temp.flood(2);
select pg_temp.seen('2030-01-15 12:01:01Z', pg_temp.ended('failure', 'ann'), pg_temp.ended('failure', 'bob'), pg_temp.ended('failure', 'cyd'), pg_temp.ended('failure', 'dan'));
select is(pg_temp.provider_state(), 'open', 'another''s calls of an earlier window do not count');
rollback to start;
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', 'ann'), pg_temp.ended('failure', 'ann', p_worker => 2), pg_temp.ended('failure', 'ann'), pg_temp.ended('failure', 'ann'));
select is(pg_temp.provider_state(), 'none', 'a user is the same one at two workers');
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', 'bob', p_worker => 2));
select is(pg_temp.provider_state(), 'open', 'two users at two workers are two');

select * from finish();
rollback;
