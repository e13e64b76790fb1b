-- Deploy tollhouse:platform/call_ids to pg

begin;
set local role tollhouse_owner;

-- A call id carries its call's created_at to the millisecond, so one id finds its partition.
create function tollhouse_private.new_call_id(
  p_created_at timestamptz
)
  returns uuid
  language sql
  volatile
as $$
  select pg_catalog.encode(
    pg_catalog.set_bit(pg_catalog.set_bit(
      overlay(
        pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
        placing substring(pg_catalog.int8send(pg_catalog.floor(extract(epoch from p_created_at) * 1000)::pg_catalog.int8) from 3)
        from 1 for 6
      ), 52, 1), 53, 1),
    'hex')::pg_catalog.uuid
$$;
comment on function tollhouse_private.new_call_id(timestamptz) is
  'A UUID version 7 (RFC 9562, section 5.7) for a call created at that time.';

revoke execute on function tollhouse_private.new_call_id(timestamptz) from public;
grant execute on function tollhouse_private.new_call_id(timestamptz) to tollhouse_engine;

create function tollhouse_private.call_created_at(
  p_call_id uuid
)
  returns timestamptz
  language sql
  immutable
as $$
  select pg_catalog.to_timestamp(
    ('x' || pg_catalog.lpad(pg_catalog.left(pg_catalog.replace(p_call_id::pg_catalog.text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0
  )
$$;
comment on function tollhouse_private.call_created_at(uuid) is
  'created_at of the call with that id: exact, because created_at is kept to the millisecond.';

revoke execute on function tollhouse_private.call_created_at(uuid) from public;
grant execute on function tollhouse_private.call_created_at(uuid) to tollhouse_engine;

commit;
