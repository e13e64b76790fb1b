-- Deploy tollhouse:execution/materialize_investigation to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.materialize_investigation(
  p_tenant_id text,
  p_user_id text,
  p_call_id uuid,
  p_created_at timestamptz,
  p_request jsonb,
  p_response jsonb
)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  insert into tollhouse_private.investigations (tenant_id, call_id, created_at, user_id, question, findings)
  values (
    p_tenant_id, p_call_id, p_created_at, p_user_id,
    tollhouse_private.question_of(p_request), p_response ->> 'content'
  )
$$;
comment on function tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb) is
  'The materializer of endpoint investigation.';

revoke execute on function tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb) from public;
grant execute on function tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb) to tollhouse_engine;

commit;
