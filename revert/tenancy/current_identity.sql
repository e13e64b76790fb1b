-- Revert tollhouse:tenancy/current_identity from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.reads_all_users();
drop function tollhouse_private.current_user_id();
drop function tollhouse_private.current_tenant_id();

commit;
