-- Verify tollhouse:tenancy/identifier on pg

begin;

select 'tollhouse_private.identifier'::regtype;

select 1 / (count(*) = 1)::int
from pg_catalog.pg_constraint as c
where c.contypid = 'tollhouse_private.identifier'::regtype
  and c.conname = 'identifier_check';

rollback;
