-- Revert tollhouse:tenancy/set_identity from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.set_identity(text, text);

commit;
