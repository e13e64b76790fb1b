-- Revert tollhouse:tenancy/identifier from pg

begin;
set local role tollhouse_owner;

drop domain tollhouse_private.identifier;

commit;
