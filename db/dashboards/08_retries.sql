-- Which attempts of the last 24 hours were retries, got no answer, or arrived late?
--
-- tenant_id: tenant
-- provider: provider
-- model: model
-- attempts: HTTP attempts
-- retries: of these, not the first of their call
-- without_answer: of these, without an answer
-- abandoned: of these, given up because their worker had died
-- late: results that arrived after their attempt was given up
-- charged_without_answer_usd: cost of the attempts without an answer, in USD
-- corrected_by_late_usd: correction to that from late results, in USD

select
  tenant_id, provider, model, attempts, retries, without_answer, abandoned, late,
  charged_without_answer_usd, corrected_by_late_usd
from tollhouse.retries
order by without_answer desc, retries desc, tenant_id, provider, model
limit 500;
