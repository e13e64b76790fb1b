-- Deploy tollhouse:task_types/task_types to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.task_types (
  endpoint tollhouse_private.identifier not null,
  models text[] collate "C" not null default '{}',
  timeout_ms integer not null default 60000,
  max_attempts integer not null default 3,
  backoff_ms integer not null default 500,
  max_output_tokens integer not null default 1024,
  max_request_bytes integer not null default 262144,
  cache_ttl interval not null default '1 hour',
  cache_scope text collate "C" not null default 'user',
  capture text collate "C" not null default 'full',
  retries_abandoned boolean not null default true,
  materializer text collate "C",
  constraint task_types_pkey primary key (endpoint),
  constraint task_types_timeout_ms_check check (timeout_ms between 100 and 3600000),
  constraint task_types_max_attempts_check check (max_attempts between 1 and 20),
  constraint task_types_backoff_ms_check check (backoff_ms between 0 and 3600000),
  constraint task_types_max_output_tokens_check check (max_output_tokens between 1 and 10000000),
  constraint task_types_max_request_bytes_check check (max_request_bytes between 1 and 16777216),
  constraint task_types_cache_ttl_check check (cache_ttl between '0' and '366 days'),
  constraint task_types_cache_scope_check check (cache_scope in ('user', 'tenant')),
  constraint task_types_capture_check check (capture in ('full', 'metadata', 'none'))
);
comment on table tollhouse_private.task_types is 'An endpoint: the models, limits and policies of its calls.';
comment on column tollhouse_private.task_types.models is 'Candidate models, in order of preference.';
comment on column tollhouse_private.task_types.timeout_ms is 'Timeout of one attempt.';
comment on column tollhouse_private.task_types.max_attempts is 'Total number of attempts a call may make.';
comment on column tollhouse_private.task_types.backoff_ms is 'Backoff before the second attempt; doubles with each further one, up to a minute.';
comment on column tollhouse_private.task_types.max_output_tokens is 'The most output tokens a call may ask for, and the default. Bounds the reservation.';
comment on column tollhouse_private.task_types.cache_ttl is 'How long a cached answer stays fresh, never longer than its content is kept; 0 turns off cache and coalescing.';
comment on column tollhouse_private.task_types.cache_scope is 'Who shares an answer: the calls of one user, or of the whole tenant.';
comment on column tollhouse_private.task_types.capture is 'What is kept of a call; the stricter of this and the tenant''s policy applies.';
comment on column tollhouse_private.task_types.retries_abandoned is 'Whether a call whose worker died is retried; otherwise it fails.';
comment on column tollhouse_private.task_types.materializer is
  'Schema-qualified function (text tenant, text user, uuid call, timestamptz created_at, jsonb request, jsonb response) that turns a success into rows, in the transaction of the outcome and with the privileges of tollhouse_owner or tollhouse_engine. It waits at most a second for a lock; while it runs, its worker records and claims nothing else. If it fails, or exceeds the worker''s statement timeout, its call ends as materializer_failed.';

grant select, insert, update, delete on tollhouse_private.task_types to tollhouse_engine;
grant select on tollhouse_private.task_types to tollhouse_operator, tollhouse_auditor;

insert into tollhouse_private.task_types (endpoint, cache_scope, max_output_tokens, timeout_ms, materializer)
values
  ('route', 'tenant', 256, 15000, null),
  ('explanation', 'tenant', 1024, 60000, null),
  ('investigation', 'user', 4096, 180000, 'tollhouse_private.materialize_investigation'),
  ('budget_optimization', 'user', 2048, 120000, 'tollhouse_private.materialize_budget_optimization');

create function tollhouse_private.candidate_models(
  p_endpoint text,
  p_requested_model text
)
  returns table (
    model text,
    provider text,
    provider_model text,
    preference bigint,
    candidates bigint
  )
  language sql
  stable
as $$
  select m.model::pg_catalog.text, m.provider, m.provider_model, u.preference - 1, pg_catalog.count(*) over ()
  from tollhouse_private.task_types as tt
  cross join lateral pg_catalog.unnest(tt.models) with ordinality as u (model, preference)
  join tollhouse_private.models as m on m.model = u.model
  where tt.endpoint = p_endpoint
    and (p_requested_model is null or m.model = p_requested_model)
$$;
comment on function tollhouse_private.candidate_models(text, text) is
  'The models a call may use: those of its endpoint, in order of preference from 0, or the one it asked for.';

revoke execute on function tollhouse_private.candidate_models(text, text) from public;
grant execute on function tollhouse_private.candidate_models(text, text) to tollhouse_engine;

commit;
