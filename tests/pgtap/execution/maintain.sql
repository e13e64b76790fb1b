begin;
select plan(1);

insert into tollhouse_private.response_cache values
  ('acme', '', 'route', 'old', '', gen_random_uuid(), 'mock', 'small', 1, '{}', now() - interval '10 minutes'),
  ('acme', '', 'route', 'just', '', gen_random_uuid(), 'mock', 'small', 1, '{}', now() - interval '9 minutes');
insert into tollhouse_private.deliveries values ('acme', gen_random_uuid(), 'ann', '{}', now()), ('acme', gen_random_uuid(), 'ann', '{}', now() + interval '1 second');
insert into tollhouse_private.request_keys values
  ('acme', 'route', 'ancient', 'ann', gen_random_uuid(), now() - interval '27 months', ''), ('acme', 'route', 'old', 'ann', gen_random_uuid(), now() - interval '24 months', '');
select tollhouse_worker.maintain();
select is(concat_ws(' ', (select string_agg(encode(cache_key, 'escape'), ',') from tollhouse_private.response_cache), (select count(*) from tollhouse_private.deliveries), (select string_agg(request_id, ',') from tollhouse_private.request_keys)),
  'just 1 old', 'upkeep removes what is past its time, and nothing else');

select * from finish();
rollback;
