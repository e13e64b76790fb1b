-- Verify tollhouse:tenancy/identifier on pg

begin;

select tollhouse_private.verify_type('tollhouse_private.identifier', 'tollhouse_owner');
select tollhouse_private.verify_that(count(*) = 1, 'tollhouse_private.identifier has no check')
from pg_catalog.pg_constraint as c
where c.contypid = 'tollhouse_private.identifier'::regtype
  and c.conname = 'identifier_check';

rollback;
