\set tenant random(0, 9)
select baseline.enqueue(('00000000-0000-0000-0000-00000000000' || :tenant)::uuid, '00000000-0000-0000-0001-000000000001', 'explanation', gen_random_uuid()::text, jsonb_build_object('prompt', 'Week 14: search 41,200 EUR, 1,310 orders; video 28,900 EUR, 402 orders. Explain the gap. ' || gen_random_uuid(), 'max_completion_tokens', 200));
