-- Verify tollhouse:admission/request_problem on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.json_problem(jsonb)',
  'tollhouse_engine', 'unpinned', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.value_fits(jsonb, text)',
  'tollhouse_engine', 'unpinned', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.part_problem(jsonb, text, text)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.request_problem(jsonb)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.sound_request(jsonb)',
  'tollhouse_engine', 'unpinned', '{}'
);

rollback;
