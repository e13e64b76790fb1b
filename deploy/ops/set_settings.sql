-- Deploy tollhouse:ops/set_settings to pg

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
  'Changes what holds for the whole installation (tollhouse_private.settings): a worker''s lease, how long what may not be kept waits for its caller, after how long months of content and of the ledger are dropped, how many months of partitions exist ahead. What is null stays as it is; a worker learns of a new lease when it registers. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer) from public;
grant execute on function tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer) to tollhouse_operator;

commit;
