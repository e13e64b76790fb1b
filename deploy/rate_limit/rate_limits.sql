-- Deploy tollhouse:rate_limit/rate_limits to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.rate_limits (
  scope text collate "C" not null,
  target text collate "C" not null,
  requests_per_minute integer,
  tokens_per_minute integer,
  max_in_flight integer,
  requests_available numeric not null default 0,
  tokens_available numeric not null default 0,
  refilled_at timestamptz not null,
  last_tenant_id text collate "C" not null default '',
  line text collate "C" not null generated always as (scope || ' ' || target) stored,
  constraint rate_limits_pkey primary key (scope, target),
  constraint rate_limits_line_key unique (line),
  constraint rate_limits_scope_check check (scope in ('tenant', 'provider', 'model')),
  constraint rate_limits_requests_check check (requests_per_minute > 0),
  constraint rate_limits_tokens_check check (tokens_per_minute > 0),
  constraint rate_limits_in_flight_check check (max_in_flight > 0)
) with (fillfactor = 50);
comment on table tollhouse_private.rate_limits is
  'A limit and its token bucket: it holds a minute''s worth at most and refills steadily. A null limit does not limit.';
comment on column tollhouse_private.rate_limits.tokens_per_minute is
  'A call counts as a quarter of its request bytes plus its maximum output tokens.';
comment on column tollhouse_private.rate_limits.last_tenant_id is 'Where the round over the tenants in its line goes on.';
comment on column tollhouse_private.rate_limits.line is 'What jobs.line says of those that wait for it.';

grant select, insert, update, delete on tollhouse_private.rate_limits to tollhouse_engine;
grant select on tollhouse_private.rate_limits to tollhouse_operator, tollhouse_auditor;

commit;
