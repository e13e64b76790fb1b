-- What do providers cost and how long do they take, over the last 24 hours?
--
-- provider: provider
-- model: model
-- endpoint: endpoint
-- attempts: HTTP attempts
-- success_percent: attempts that were answered, in percent
-- cost_usd: cost of the attempts, in USD
-- cost_per_answer_usd: cost per answer, in USD
-- input_tokens: tokens of the requests
-- output_tokens: tokens of the answers
-- p50_ms: median latency of answers, in milliseconds
-- p95_ms: 95th percentile, in milliseconds
-- p99_ms: 99th percentile, in milliseconds
-- max_ms: slowest answer, in milliseconds

select
  provider, model, endpoint, attempts, success_percent, cost_usd, cost_per_answer_usd,
  input_tokens, output_tokens, p50_ms, p95_ms, p99_ms, max_ms
from tollhouse.provider_performance
order by cost_usd desc, provider, model, endpoint
limit 500;
