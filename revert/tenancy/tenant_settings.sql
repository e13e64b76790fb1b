-- Revert tollhouse:tenancy/tenant_settings from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.tenant_settings;

commit;
