begin;
select plan(12);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.deliveries')$$,
  array[
    'tenant_id text not null',
    'call_id uuid not null',
    'user_id text not null',
    'response jsonb not null',
    'expires_at timestamp with time zone not null'
  ],
  'deliveries has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.deliveries')$$,
  array[
    'deliveries_pkey'
  ],
  'deliveries has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'deliveries', array['tenant_id', 'call_id']::name[], 'deliveries: the key');
select indexes_are('tollhouse_private', 'deliveries', array['deliveries_expires_at_idx', 'deliveries_pkey'], 'deliveries has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'deliveries: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.deliveries'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.deliveries')$$,
  array[
    'deliveries_all_engine: all for tollhouse_engine',
    'deliveries_insert_owner: insert for tollhouse_owner',
    'deliveries_select_owner: select for tollhouse_owner'
  ],
  'deliveries has exactly these policies'
);
select tollhouse_private.new_call_id(now()) as call_id
into temporary table made;
grant select on made to public;
insert into tollhouse_private.llm_api_calls
select (jsonb_populate_record(null::tollhouse_private.llm_api_calls, jsonb_build_object(
  'tenant_id', 'acme', 'user_id', 'ann', 'call_id', m.call_id, 'created_at', tollhouse_private.call_created_at(m.call_id),
  'finished_at', now(), 'endpoint', 'route', 'request_id', 'r1', 'fingerprint', '\x00', 'status', 'success', 'was_cached', false, 'was_coalesced', false,
  'provider_attempted', true, 'attempts', 1, 'cost_micro_usd', 5, 'cost_basis', 'usage'
))).*
from made as m;
insert into tollhouse_private.deliveries (tenant_id, call_id, user_id, response, expires_at)
select 'acme', m.call_id, 'ann', '{"content": "for ann only"}', now() + interval '1 microsecond' from made as m;

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select is(
  (select r.content from made as m cross join tollhouse.result(m.call_id) as r), 'for ann only',
  'an answer that may not be kept reaches its caller until its last microsecond'
);
set local tollhouse.user_id = 'bob';
select is_empty('select from made as m cross join tollhouse.result(m.call_id) as r', 'and nobody else');
reset role;
update tollhouse_private.deliveries set expires_at = now();
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq(
  'select r.status, r.content from made as m cross join tollhouse.result(m.call_id) as r', $$values ('success', null::text)$$,
  'when its time is over, the outcome is left and the answer is gone, even before it is deleted'
);
set local role tollhouse_owner;
reset role;
set local role tollhouse_operator;
select throws_ok('select from tollhouse_private.deliveries', '42501', null, 'no operator reads what a tenant does not let us keep');
reset role;
select is_empty(
  $$
    select r.rolname from pg_roles as r
    where r.rolname in ('tollhouse_client', 'tollhouse_operator', 'tollhouse_auditor', 'tollhouse_worker')
      and has_table_privilege(r.oid, 'tollhouse_private.deliveries', 'select')
  $$,
  'nobody who logs in may read the table'
);

do $$ begin perform tollhouse_worker.prune(); end $$;
select is_empty('select from tollhouse_private.deliveries', 'upkeep removes what has expired');

select * from finish();
rollback;
