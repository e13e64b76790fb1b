-- Deploy tollhouse:ops/explain_ended to pg

begin;
set local role tollhouse_engine;

-- By its key, not by its row: the monitor may not read all of one.
create function tollhouse_ops.explain_ended(
  p_tenant_id text,
  p_call_id uuid,
  p_created_at timestamptz,
  out why text,
  out what_to_do text
)
  returns record
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := explain_ended.p_tenant_id;
begin
  select e.why, e.what_to_do into why, what_to_do
  from tollhouse_private.llm_api_calls as c
  cross join lateral tollhouse_private.explain_ended(c, clock_timestamp()) as e
  where c.tenant_id = p_tenant_id and c.call_id = p_call_id and c.created_at = p_created_at;
end
$$;
comment on function tollhouse_ops.explain_ended(text, uuid, timestamptz) is
  'For a row of the ledger: what became of the call, and what its caller can do about it, in words.';

revoke execute on function tollhouse_ops.explain_ended(text, uuid, timestamptz) from public;
grant execute on function tollhouse_ops.explain_ended(text, uuid, timestamptz) to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
