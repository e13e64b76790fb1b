-- Deploy tollhouse:execution/materialize_budget_optimization to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.materialize_budget_optimization(
  p_tenant_id text,
  p_user_id text,
  p_call_id uuid,
  p_created_at timestamptz,
  p_request jsonb,
  p_response jsonb
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_recommendation jsonb;
begin
  begin
    v_recommendation := (p_response ->> 'content')::jsonb;
  exception
    when invalid_text_representation or untranslatable_character then
      v_recommendation := jsonb_build_object('text', p_response ->> 'content');
  end;
  insert into tollhouse_private.budget_optimization_jobs
    (tenant_id, call_id, created_at, user_id, objective, recommendation)
  values (
    p_tenant_id, p_call_id, p_created_at, p_user_id,
    tollhouse_private.question_of(p_request), v_recommendation
  );
end
$$;
comment on function tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb) is
  'The materializer of endpoint budget_optimization.';

revoke execute on function tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb) from public;
grant execute on function tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb) to tollhouse_engine;

commit;
