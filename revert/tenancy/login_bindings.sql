-- Revert tollhouse:tenancy/login_bindings from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.login_bindings;

commit;
