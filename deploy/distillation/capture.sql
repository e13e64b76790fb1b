-- Deploy tollhouse:distillation/capture to pg

begin;
set local role tollhouse_owner;

-- No SET clause and no query, so that it is inlined where the two rows are joined.
create function tollhouse_private.stricter_capture(
  p_task_capture text,
  p_tenant_capture text
)
  returns text
  language sql
  immutable
as $$
  select case
    when p_task_capture is null or 'none' in (p_task_capture, p_tenant_capture) then 'none'
    when 'metadata' in (p_task_capture, p_tenant_capture) then 'metadata'
    else 'full'
  end
$$;
comment on function tollhouse_private.stricter_capture(text, text) is
  'What may be kept of a call: the stricter of its endpoint''s policy (null: the endpoint is gone, keep nothing) and its tenant''s (null: full).';

revoke execute on function tollhouse_private.stricter_capture(text, text) from public;
grant execute on function tollhouse_private.stricter_capture(text, text) to tollhouse_engine;

set local role tollhouse_engine;

create function tollhouse_private.capture_of(
  p_tenant_id text,
  p_endpoint text
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return tollhouse_private.stricter_capture(
    (select tt.capture from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint),
    (select ts.capture_policy from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id)
  );
end
$$;
comment on function tollhouse_private.capture_of(text, text) is
  'What may be kept of a tenant''s calls at an endpoint: full, metadata or none.';

revoke execute on function tollhouse_private.capture_of(text, text) from public;
grant execute on function tollhouse_private.capture_of(text, text) to tollhouse_owner;

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
  return tollhouse_private.capture_of(p_tenant_id, p_endpoint) = 'full';
end
$$;
comment on function tollhouse_private.keeps_content(text, text) is
  'Whether a tenant''s requests at an endpoint may be kept, and so be read by others than workers while they wait.';

revoke execute on function tollhouse_private.keeps_content(text, text) from public;
-- Called by readers of tollhouse.jobs.
grant execute on function tollhouse_private.keeps_content(text, text)
  to tollhouse_owner, tollhouse_client, tollhouse_operator, tollhouse_auditor;

commit;
