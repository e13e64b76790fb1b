-- Deploy tollhouse:distillation/distillation_samples to pg

begin;
set local role tollhouse_owner;

create view tollhouse.distillation_samples
  with (security_invoker = true, security_barrier = true)
as
select
  c.tenant_id, c.user_id, c.call_id, c.created_at, c.endpoint, c.provider, c.model,
  coalesce(
    cc.request -> 'messages',
    pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('role', 'user', 'content', cc.request -> 'prompt'))
  ) || pg_catalog.jsonb_build_array(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'role', 'assistant', 'content', cc.response -> 'content', 'tool_calls', cc.response -> 'tool_calls'
  ))) as messages,
  cc.request, cc.response, cc.reasoning, cc.metadata,
  c.input_tokens, c.output_tokens, c.reasoning_tokens
from tollhouse_private.llm_api_calls as c
join tollhouse_private.call_content as cc
  on cc.tenant_id = c.tenant_id and cc.call_id = c.content_ref and cc.created_at = c.created_at
where c.status = 'success'
  and c.provider_attempted
  and not c.was_cached
  and cc.response is not null;
comment on view tollhouse.distillation_samples is
  'Provider answers that may be kept, with their requests. messages is one line of a fine-tuning file (OpenAI''s chat format).';

grant select on tollhouse.distillation_samples to tollhouse_client, tollhouse_operator, tollhouse_auditor;

commit;
