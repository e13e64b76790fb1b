-- No kill switch stops anything any more.
create or replace function tollhouse_private.switch_stops(
  p_switch tollhouse_private.kill_switches,
  p_tenant_id text,
  p_user_id text,
  p_endpoint text,
  p_provider text,
  p_model text
)
  returns boolean
  language sql
  immutable
as 'select false';
