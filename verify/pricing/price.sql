-- Verify tollhouse:pricing/price on pg

begin;

select tollhouse_private.verify_type('tollhouse_private.price', 'tollhouse_owner');

rollback;
