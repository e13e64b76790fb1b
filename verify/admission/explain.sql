-- Verify tollhouse:admission/explain on pg

begin;

select tollhouse_private.verify_function('tollhouse.explain(text, text, text)', 'tollhouse_owner', 'definer', '{tollhouse_client}');

rollback;
