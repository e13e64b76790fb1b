begin;
select plan(2);

create function pg_temp.jobs() returns tollhouse_private.work[] language sql as $$
  select array_agg(jsonb_populate_record(null::tollhouse_private.work, jsonb_build_object(
    'tenant_id', v.tenant_id, 'call_id', lpad(v.n::text, 32, '0'))))
  from (values ('acme', 1), ('acme', 2), ('globex', 1)) as v (tenant_id, n)
$$;
select is_empty('select tollhouse_private.guard_cancelled(pg_temp.jobs())', 'nothing is stopped while nobody cancels');
-- Twice, for an administrator may ask too.
insert into tollhouse_private.cancel_requests values ('acme', '00000000-0000-0000-0000-000000000002', 'ann'), ('acme', '00000000-0000-0000-0000-000000000002', 'ann'), ('globex', '00000000-0000-0000-0000-000000000002', 'ann');
select results_eq(
  'select v.call_id, v.verdict, v.reason from tollhouse_private.guard_cancelled(pg_temp.jobs()) as v',
  $$values ('00000000-0000-0000-0000-000000000002'::uuid, 'cancelled', null::text)$$,
  'what its client cancelled is stopped, and only in that tenant'
);

select * from finish();
rollback;
