-- Revert tollhouse:tenancy/identity from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.identity();

commit;
