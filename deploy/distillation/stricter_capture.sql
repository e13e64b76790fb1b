-- Deploy tollhouse:distillation/stricter_capture to pg

begin;
set local role tollhouse_owner;

-- Without a SET clause and without a query, so that it is inlined where the two rows are joined.
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

commit;
