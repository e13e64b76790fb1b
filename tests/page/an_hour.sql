-- An hour of a town's calls, put into the books by hand: what a picture of the page is taken of.
begin;

create temporary table hour on commit drop as
select
  m.minute, n.place, w.tenant_id, w.user_id, e.endpoint, e.provider, e.model,
  greatest(date_trunc('month', now()), date_trunc('milliseconds', now() - make_interval(mins => 60 - m.minute, secs => -r.noise * 50))) as created_at,
  r.noise, r.luck
from generate_series(1, 59) as m (minute)
cross join lateral generate_series(1, (26 + 14 * sin(m.minute / 7.0) + 12 * abs(sin(m.minute * 1.7)))::int) as n (place)
cross join lateral (
  select
    ('x' || substr(md5(m.minute || '-' || n.place), 1, 8))::bit(32)::bigint / 4294967296.0 as noise,
    ('x' || substr(md5(n.place || '+' || m.minute), 1, 8))::bit(32)::bigint / 4294967296.0 as luck
) as r
join lateral (
  values (0, 'harborline-travel', 'ana.lima'), (1, 'harborline-travel', 'grace.kim'), (2, 'velora-beauty', 'nora.lind'),
    (3, 'alderbrook-outdoor', 'tom.okafor'), (4, 'pinecrest-foods', 'jonas.weber'), (5, 'quietwater-clinics', 'mei.tan')
) as w (which, tenant_id, user_id) on w.which = (n.place + m.minute) % 6
join lateral (
  values (0, 'route', 'mock-a', 'mock-small'), (1, 'explanation', 'mock-a', 'mock-small'),
    (2, 'investigation', 'mock-a', 'mock-large'), (3, 'budget_optimization', 'mock-b', 'mock-reserve')
) as e (which, endpoint, provider, model) on e.which = floor(r.noise * 3.4);

create temporary table booked on commit drop as
select
  h.*, tollhouse_private.new_call_id(h.created_at) as call_id,
  case
    when h.minute between 31 and 38 and h.provider = 'mock-a' and h.luck < 0.35 then 'breaker_open'
    when h.tenant_id = 'velora-beauty' and h.minute > 40 and h.luck < 0.5 then 'monthly_cap_exceeded'
    when h.tenant_id = 'alderbrook-outdoor' and h.minute > 52 then 'hourly_shutoff'
  end as blocked_reason,
  h.luck > 0.78 as cached,
  h.minute between 29 and 33 and h.luck between 0.35 and 0.6 as failed,
  (case h.model when 'mock-small' then 260 when 'mock-large' then 900 else 1300 end * (0.6 + h.noise + 3 * power(h.luck, 9)))::int as latency_ms,
  (case h.model when 'mock-small' then 800 when 'mock-large' then 9000 else 14000 end * (0.5 + h.noise))::bigint as cost
from hour as h;

insert into tollhouse_private.llm_api_calls (
  tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint, status, blocked_reason,
  was_cached, provider_attempted, attempts, provider, model, cost_micro_usd, cost_basis, latency_ms, error_code
)
select
  b.tenant_id, b.call_id, b.created_at, b.created_at + make_interval(secs => b.latency_ms / 1000.0), b.user_id, b.endpoint,
  b.endpoint || '-' || b.minute || '-' || b.place, '',
  case when b.blocked_reason is not null then 'blocked' when b.failed then 'failed' else 'success' end, b.blocked_reason,
  s.cached, not s.cached and b.blocked_reason is null, case when b.blocked_reason is null and not s.cached then 1 else 0 end,
  case when not s.cached then b.provider end, case when b.blocked_reason is null then b.model end,
  case when s.sent and not b.failed then b.cost else 0 end, case when s.sent and not b.failed then 'usage' else 'none' end,
  case when s.sent then b.latency_ms end, case when b.failed then 'server_error' end
from booked as b
cross join lateral (
  select
    b.cached and b.blocked_reason is null and not b.failed as cached,
    not b.cached and b.blocked_reason is null as sent
) as s;

insert into tollhouse_private.provider_attempts (
  tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model, worker_id,
  outcome, sent, cost_micro_usd, cost_basis, budget_month, latency_ms
)
select
  b.tenant_id, b.call_id, 1, false, b.created_at, b.created_at, b.created_at, b.user_id, b.endpoint, b.provider, b.model,
  gen_random_uuid(), case when b.failed then 'server_error' else 'success' end, true, b.cost, 'usage',
  date_trunc('month', now() at time zone 'UTC')::date, b.latency_ms
from booked as b
where b.blocked_reason is null and (b.failed or not b.cached);

insert into tollhouse_private.monthly_budgets as mb (tenant_id, user_id, month, cap_micro_usd, reserved_micro_usd, spent_micro_usd)
select v.tenant_id, v.user_id, date_trunc('month', now() at time zone 'UTC')::date, v.cap, v.reserved, v.spent
from (values
  ('velora-beauty', '', 40000000, 0, 39870000), ('harborline-travel', '', 250000000, 1200000, 181300000),
  ('harborline-travel', 'grace.kim', 20000000, 0, 9400000), ('alderbrook-outdoor', '', 120000000, 0, 38400000),
  ('pinecrest-foods', '', 60000000, 0, 11250000), ('quietwater-clinics', '', null, 0, 4120000)
) as v (tenant_id, user_id, cap, reserved, spent)
on conflict (tenant_id, user_id, month) do update
set cap_micro_usd = excluded.cap_micro_usd, reserved_micro_usd = excluded.reserved_micro_usd, spent_micro_usd = excluded.spent_micro_usd;

insert into tollhouse_private.hourly_spend as hs (tenant_id, user_id, hour, calls, spent_micro_usd)
select b.tenant_id, u.user_id, date_trunc('hour', now(), 'UTC'), count(*), sum(b.cost)
from booked as b
cross join lateral (values (''), (b.user_id)) as u (user_id)
where b.blocked_reason is null and not b.cached
group by b.tenant_id, u.user_id
on conflict (tenant_id, user_id, hour) do update set spent_micro_usd = excluded.spent_micro_usd;

insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, consecutive_failures, opened_at, open_until)
values ('harborline-travel', 'ana.lima', 'mock-a', 'open', 5, now() - interval '40 s', now() + interval '20 min')
on conflict do nothing;
select tollhouse_ops.set_shutoff('alderbrook-outdoor', '', date_trunc('hour', now()) + interval '1 hour 5 min', 'spent $30 within an hour');
select tollhouse_ops.pull_kill_switch('endpoint', 'budget_optimization', 'wrong answers since the new prompt');

commit;
