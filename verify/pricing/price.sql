-- Verify tollhouse:pricing/price on pg

begin;

select 'tollhouse_private.price'::regtype;

rollback;
