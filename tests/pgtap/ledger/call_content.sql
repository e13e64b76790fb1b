begin;
select plan(15);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.call_content')$$,
  array[
    'tenant_id text not null',
    'call_id uuid not null',
    'created_at timestamp with time zone not null',
    'user_id text not null',
    'request jsonb',
    'response jsonb',
    'reasoning text',
    'metadata jsonb'
  ],
  'call_content has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.call_content')$$,
  array[
    'call_content_pkey'
  ],
  'call_content has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'call_content', array['tenant_id', 'call_id', 'created_at']::name[], 'call_content: the key');
select indexes_are('tollhouse_private', 'call_content', array['call_content_pkey'], 'call_content has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'call_content: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.call_content'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.call_content')$$,
  array[
    'call_content_all_engine: all for tollhouse_engine',
    'call_content_insert_owner: insert for tollhouse_owner',
    'call_content_select_identity: select for tollhouse_client, tollhouse_owner',
    'call_content_select_operator: select for tollhouse_auditor, tollhouse_operator'
  ],
  'call_content has exactly these policies'
);
insert into tollhouse_private.call_content (tenant_id, call_id, created_at, user_id, request)
values
  ('acme', '00000000-0000-7000-8000-000000000001', now(), 'ann', '{"prompt": "ann''s"}'),
  ('acme', '00000000-0000-7000-8000-000000000002', now(), 'bob', '{"prompt": "bob''s"}'),
  ('globex', '00000000-0000-7000-8000-000000000003', now(), 'ann', '{"prompt": "another ann''s"}');

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select results_eq(
  $$select request ->> 'prompt' from tollhouse_private.call_content$$, array['ann''s'],
  'a client function sees the content of its caller''s calls, nobody else''s'
);
select throws_ok(statement, '42501', null, 'content is written once: ' || statement)
from unnest(array[
  'update tollhouse_private.call_content set request = null', 'delete from tollhouse_private.call_content',
  'truncate tollhouse_private.call_content'
]) as statement;
select throws_ok(
  $$insert into tollhouse_private.call_content (tenant_id, call_id, created_at, user_id) values ('globex', gen_random_uuid(), now(), 'ann')$$,
  '42501', null, 'a client function writes no other tenant''s content'
);
set local role tollhouse_engine;
select throws_ok(statement, '42501', null, 'for the engine too: ' || statement)
from unnest(array[
  'update tollhouse_private.call_content set request = null', 'delete from tollhouse_private.call_content',
  'truncate tollhouse_private.call_content'
]) as statement;
set local role tollhouse_auditor;
select is((select count(*) from tollhouse.call_content), 3::bigint, 'an auditor reads all of it, through the view');
reset role;

select * from finish();
rollback;
