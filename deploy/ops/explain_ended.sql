-- Deploy tollhouse:ops/explain_ended to pg
-- requires: admission/explain_ended

begin;
set local role tollhouse_engine;

create function tollhouse_ops.explain_ended(
  p_call tollhouse_private.llm_api_calls,
  out why text,
  out what_to_do text
)
  returns record
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  select e.why, e.what_to_do into why, what_to_do from tollhouse_private.explain_ended(p_call, clock_timestamp()) as e;
end
$$;
comment on function tollhouse_ops.explain_ended(tollhouse_private.llm_api_calls) is
  'For a row of the ledger: what became of the call, and what its caller can do about it, in words.';

revoke execute on function tollhouse_ops.explain_ended(tollhouse_private.llm_api_calls) from public;
grant execute on function tollhouse_ops.explain_ended(tollhouse_private.llm_api_calls) to tollhouse_operator, tollhouse_auditor;

commit;
