-- Deploy tollhouse:distillation/capture to pg
-- requires: task_types/task_types
-- requires: tenancy/tenant_settings

begin;
set local role tollhouse_owner;

-- Without a SET clause, so that it is inlined.
create function tollhouse_private.capture_policy(
  p_tenant_id text,
  p_endpoint text
)
  returns text
  language sql
  stable
as $$
  select case
    when 'none' in (asked.task, asked.tenant) then 'none'
    when 'metadata' in (asked.task, asked.tenant) then 'metadata'
    else 'full'
  end
  from (
    select
      coalesce((select tt.capture from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint), 'none') as task,
      coalesce((select ts.capture_policy from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id), 'full') as tenant
  ) as asked
$$;
comment on function tollhouse_private.capture_policy(text, text) is
  'What may be kept of a call: the stricter of its endpoint''s and its tenant''s policy.';

revoke execute on function tollhouse_private.capture_policy(text, text) from public;
grant execute on function tollhouse_private.capture_policy(text, text) to tollhouse_engine;

commit;
