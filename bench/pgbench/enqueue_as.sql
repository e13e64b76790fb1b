\set tenant random(0, 9)
select call_id from tollhouse.enqueue_as('tenant-' || :tenant, 'user-0', 'explanation', jsonb_build_object('prompt', 'Week 14: search 41,200 EUR, 1,310 orders; video 28,900 EUR, 402 orders. Explain the gap. ' || gen_random_uuid(), 'max_completion_tokens', 200));
