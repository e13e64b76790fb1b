-- Revert tollhouse:tenancy/is_identifier from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.is_identifier(text);

commit;
