-- What do providers cost and how long do they take, over the last 24 hours?
--
-- provider: provider
-- model: model
-- endpoint: endpoint
-- attempts: HTTP attempts
-- success_percent: attempts that brought an answer, in percent
-- cost_usd: what the attempts cost, in USD
-- cost_per_answer_usd: cost_usd for each answer, in USD
-- input_tokens: tokens of the requests
-- output_tokens: tokens of the answers
-- p50_ms: half of the answers took at most this long, in milliseconds
-- p95_ms: 95 in 100 answers, in milliseconds
-- p99_ms: 99 in 100 answers, in milliseconds
-- max_ms: the slowest answer, in milliseconds

select
  provider, model, endpoint, attempts, success_percent, cost_usd, cost_per_answer_usd,
  input_tokens, output_tokens, p50_ms, p95_ms, p99_ms, max_ms
from tollhouse.provider_performance
order by cost_usd desc, provider, model, endpoint
limit 500;
