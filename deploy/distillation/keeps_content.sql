-- Deploy tollhouse:distillation/keeps_content to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.keeps_content(
  p_tenant_id text,
  p_endpoint text
)
  returns boolean
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return tollhouse_private.stricter_capture(
    (select tt.capture from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint),
    (select ts.capture_policy from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id)
  ) = 'full';
end
$$;
comment on function tollhouse_private.keeps_content(text, text) is
  'Whether what a tenant asks at an endpoint may be kept, and so be read by others than workers while it waits.';

revoke execute on function tollhouse_private.keeps_content(text, text) from public;
-- Readers of tollhouse.jobs ask it.
grant execute on function tollhouse_private.keeps_content(text, text)
  to tollhouse_owner, tollhouse_client, tollhouse_operator, tollhouse_auditor;

commit;
