-- Verify tollhouse:queue/settlement on pg

begin;

select 'tollhouse_private.attempt_result'::regtype;

select 'tollhouse_private.settlement'::regtype;

rollback;
