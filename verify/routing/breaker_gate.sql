-- Verify tollhouse:routing/breaker_gate on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.breaker_gate(text, timestamptz, timestamptz)',
  'tollhouse_engine', 'unpinned', '{tollhouse_owner}'
);

rollback;
