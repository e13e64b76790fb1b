-- Deploy tollhouse:ops/settings to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_settings(
  p_reason text,
  p_lease interval default null,
  p_delivery_ttl interval default null,
  p_content_retention interval default null,
  p_ledger_retention interval default null,
  p_months_ahead integer default null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_reason constant text collate "C" := set_settings.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  select to_jsonb(s) into v_before from tollhouse_private.settings as s for update;
  begin
    update tollhouse_private.settings as s
    set
      lease = coalesce(p_lease, s.lease),
      delivery_ttl = coalesce(p_delivery_ttl, s.delivery_ttl),
      content_retention = coalesce(p_content_retention, s.content_retention),
      ledger_retention = coalesce(p_ledger_retention, s.ledger_retention),
      months_ahead = coalesce(p_months_ahead, s.months_ahead)
    returning to_jsonb(s) into v_after;
  exception
    when check_violation then
      raise exception using errcode = 'TH303', message = 'bad value', detail = sqlerrm,
        hint = 'Lease 1 second to 10 minutes, delivery 1 second to 1 day, content 1 day or more, ledger no shorter than content and at most 100 years, 1 to 24 months ahead.';
  end;
  perform tollhouse_private.audit('set_settings', '{}', p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer) is
  'Changes installation-wide settings (tollhouse_private.settings): worker lease, how long answers that may not be kept are held for their caller, retention of content and ledger, and months of partitions created ahead. Null leaves a setting unchanged; a worker learns of a new lease when it registers. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer) from public;
grant execute on function tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer) to tollhouse_operator;

create function tollhouse_ops.set_capture_policy(
  p_tenant_id text,
  p_policy text,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := set_capture_policy.p_tenant_id;
  p_policy constant text collate "C" := set_capture_policy.p_policy;
  p_reason constant text collate "C" := set_capture_policy.p_reason;
  v_before jsonb;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  perform tollhouse_private.check_value(p_policy in ('full', 'metadata', 'none'),
    format('policy %s', coalesce(quote_literal(p_policy), 'null')), 'A policy is full, metadata or none.');
  select to_jsonb(ts) into v_before from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id;
  insert into tollhouse_private.tenant_settings (tenant_id, capture_policy)
  values (p_tenant_id, p_policy)
  on conflict (tenant_id) do update set capture_policy = excluded.capture_policy;
  perform tollhouse_private.audit('set_capture_policy', jsonb_build_object('tenant_id', p_tenant_id), p_reason, v_before,
    jsonb_build_object('capture_policy', p_policy));
end
$$;
comment on function tollhouse_ops.set_capture_policy(text, text, text) is
  'Sets what is kept of a tenant''s calls from now on: full, metadata or none. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_capture_policy(text, text, text) from public;
grant execute on function tollhouse_ops.set_capture_policy(text, text, text) to tollhouse_operator;

commit;
