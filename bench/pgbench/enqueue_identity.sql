\set tenant random(0, 9)
begin;
select tollhouse.set_identity('tenant-' || :tenant, 'user-0');
select call_id from tollhouse.enqueue('explanation', jsonb_build_object('prompt', 'Week 14: search 41,200 EUR, 1,310 orders; video 28,900 EUR, 402 orders. Explain the gap. ' || gen_random_uuid(), 'max_completion_tokens', 200));
commit;
