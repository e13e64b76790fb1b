-- Verify tollhouse:distillation/capture on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.stricter_capture(text, text)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.keeps_content(text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_owner, tollhouse_client, tollhouse_operator, tollhouse_auditor}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.capture_of(text, text)',
  'tollhouse_engine', 'invoker', '{tollhouse_owner}'
);

rollback;
